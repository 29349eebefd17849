"""Compare the classifier's width with the classes and labels of the data, before training."""

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset

from cft.datasets.sample_infos import parts_of, sample_infos
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from cft.registry import HOOKS

HEADS = ('head', 'decode_head', 'auxiliary_head', 'roi_head.bbox_head', 'roi_head.mask_head')


@HOOKS.register_module()
class NumClassesCheckHook(Hook):
    """Stop with one clear error if a head's ``num_classes`` is not the data's, or a label is out of range.

    Looks at the heads of classifiers (``head``), segmentors (``decode_head``,
    ``auxiliary_head``) and detectors (``roi_head.bbox_head``,
    ``roi_head.mask_head``). Datasets that do not name their classes are not
    checked for their number. Labels that a classifier's data set reads from an
    annotation file must lie from 0 to ``num_classes - 1``; those that come from
    folders do.

    Example:
        >>> default_hooks = dict(num_classes_check=dict(type='cft.NumClassesCheckHook'))
    """

    def before_train(self, runner: Runner) -> None:
        self._check(runner, runner.train_dataloader)

    def before_val(self, runner: Runner) -> None:
        self._check(runner, runner.val_dataloader)

    def before_test(self, runner: Runner) -> None:
        self._check(runner, runner.test_dataloader)

    @staticmethod
    def _check(runner: Runner, dataloader: DataLoader) -> None:
        found = _num_classes(unwrap_model(runner.model))
        if 'head' in found:
            _check_labels(dataloader.dataset, found['head'])
        classes = getattr(dataloader.dataset, 'metainfo', {}).get('classes')
        if classes is None:
            return
        wrong = {name: number for name, number in found.items() if number != len(classes)}
        if wrong:
            names = ', '.join(map(str, classes[:5])) + (', ...' if len(classes) > 5 else '')
            numbers = ', '.join(f'model.{name}.num_classes is {number}' for name, number in wrong.items())
            options = ' '.join(f'model.{name}.num_classes={len(classes)}' for name in wrong)
            raise ConfigError(
                f'{numbers}, but the data has {len(classes)} classes ({names}); set --cfg-options {options}'
            )


def _check_labels(dataset: Dataset, num_classes: int) -> None:
    for part, indices in parts_of(dataset):
        if not getattr(part, 'ann_file', None):
            continue
        for info in sample_infos(part, indices):
            wrong = [int(label) for label in np.ravel(info.get('gt_label', ())) if not 0 <= label < num_classes]
            if wrong:
                raise ConfigError(
                    f'{info.get("img_path", "a sample")} has the label {wrong[0]} in {part.ann_file}, but '
                    f'model.head.num_classes is {num_classes}: labels are 0 to {num_classes - 1}; correct the label, '
                    'or the number of classes'
                )


def _num_classes(model: nn.Module) -> dict[str, int]:
    """Width of each head of the model; of a list of heads, that of each of them."""
    found = {}
    for name in HEADS:
        head = model
        for part in name.split('.'):
            head = getattr(head, part, None)
        members = {f'{name}.{i}': member for i, member in enumerate(head)} if isinstance(head, nn.ModuleList) else {}
        for key, member in (members or {name: head}).items():
            if getattr(member, 'num_classes', None) is not None:
                found[key] = member.num_classes
    return found
