"""Tell of classes that never occur, and stop where nothing can be learnt or judged."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.datasets.class_occurrence import Occurrence, find_classes_in_use
from cft.datasets.masks import TOOL
from cft.engine.class_heads import num_classes_of
from cft.engine.hooks.duplicate_images import dataset_of
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from cft.registry import HOOKS

SHOWN = 5
NO_LABEL = 255


@HOOKS.register_module()
class LabelsCheckHook(Hook):
    """Look before training or a test whether each class occurs in the data.

    Training stops before it starts if a split that it uses is empty, if images
    or masks are of one class only, or if there is no box: a loss of zero is
    learnt then, and 100 %, nan or -1 is measured. Before training, validation
    is looked at too, or the test if there is none. A class that is missing
    otherwise is told by a warning. Pre-training uses no labels.

    Labels are read until all classes are met (:mod:`cft.datasets.class_occurrence`).

    Args:
        max_masks: Largest number of segmentation masks to read for one split.

    Raises:
        ConfigError: If ``max_masks`` is less than 1, and as said above.

    Example:
        >>> default_hooks = dict(labels_check=dict(type='cft.LabelsCheckHook', max_masks=2000))
    """

    def __init__(self, max_masks: int = 2000) -> None:
        if max_masks < 1:
            raise ConfigError(f'LabelsCheckHook: max_masks must be at least 1, got {max_masks}; or remove the hook')
        self.max_masks = max_masks

    def before_train(self, runner: Runner) -> None:
        self._check(runner, runner.train_dataloader.dataset, 'training')
        for split in ('validation', 'test'):
            dataset = dataset_of(runner, split)
            if dataset is not None:
                self._check(runner, dataset, split)
                return

    def before_test(self, runner: Runner) -> None:
        self._check(runner, runner.test_dataloader.dataset, 'test')

    def _check(self, runner: Runner, dataset: Dataset, split: str) -> None:
        if hasattr(dataset, '__len__') and len(dataset) == 0:
            raise ConfigError(f'the {split} data are empty; check data_root, the list and filter_cfg of the data set')
        classes = getattr(dataset, 'metainfo', {}).get('classes')
        if classes is None or not num_classes_of(unwrap_model(runner.model)):
            return
        found = find_classes_in_use(dataset, len(classes), self.max_masks)
        problem = impossible(found, classes, split)
        if problem:
            raise ConfigError(problem)
        absent = [str(classes[label]) for label in found.absent(len(classes))]
        if found.kind is not None and absent:
            names = ', '.join(absent[:SHOWN]) + (', ...' if len(absent) > SHOWN else '')
            looked_at = '' if found.looked_at == found.total else f'{found.looked_at} of '
            runner.logger.warning(
                f'{len(absent)} of {len(classes)} classes never occur in the {looked_at}{found.total} {split} samples '
                f'({names}): they can be neither learnt nor judged there'
            )


def impossible(found: Occurrence, classes: tuple[str, ...], split: str) -> str | None:
    """Why nothing can be learnt or judged with the labels of a split; None if something can.

    Args:
        found: Which labels there are.
        classes: Names of the classes.
        split: ``'training'``, ``'validation'`` or ``'test'``.

    Example:
        >>> impossible(Occurrence('boxes', [], looked_at=9, total=9), ('rose',), 'training')
        'none of the 9 training images has a box of a class to detect; ...'
    """
    there = [label for label in found.labels if label < len(classes)]
    if found.kind == 'boxes':
        none = f'none of the {found.total} {split} images has a box of a class to detect; '
        return None if there else none + 'check the annotations and the classes of metainfo'
    if found.kind is None or len(there) > 1 or (found.kind == 'masks' and len(classes) == 1):
        return None
    name = f'of one class only ({classes[there[0]]})' if there else 'of no class'
    if found.kind == 'images':
        # What a classifier makes of one class is a figure; that it is no more, the warning tells.
        remedy = 'add images of the others, or check data_root'
        return None if split == 'test' and there else f'the {found.total} {split} images are {name}; {remedy}'
    text = f'all pixels of the {found.looked_at} {split} masks that were read are {name}'
    if NO_LABEL in found.labels:
        text += f' or {NO_LABEL}, which means no label; if {NO_LABEL} is the object, convert the masks with {TOOL}'
    else:
        text += '; check the masks and the classes of metainfo'
    return text
