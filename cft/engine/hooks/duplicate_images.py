"""Tell of images that are in the training data and in what it is judged by."""

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset

from cft.datasets.duplicates import same_content
from cft.datasets.sample_infos import count_image_files, image_files
from cft.errors import ConfigError
from cft.registry import DATASETS, HOOKS

SHOWN = 3


@HOOKS.register_module()
class DuplicateImagesHook(Hook):
    """Warn before training if validation or test images are training images as well.

    Files count as the same if their bytes are: only those of equal size are
    read, which takes seconds for thousands of images. With more files than
    ``max_files`` they are not compared, and the log names the tool that does
    it, ``tools/datasets/find_duplicates.py``. Images in memory are not compared.

    Args:
        max_files: Largest number of files in training, validation and test.

    Example:
        >>> default_hooks = dict(duplicate_images=dict(type='cft.DuplicateImagesHook', max_files=20000))
    """

    priority = 'LOW'

    def __init__(self, max_files: int = 20000) -> None:
        if max_files < 1:
            raise ConfigError(f'DuplicateImagesHook: max_files must be at least 1, got {max_files}; or remove the hook')
        self.max_files = max_files

    @master_only
    def before_train(self, runner: Runner) -> None:
        training = runner.train_dataloader.dataset
        judged = {split: dataset for split in ('validation', 'test') if (dataset := dataset_of(runner, split))}
        counts = {split: number for split, dataset in judged.items() if (number := count_image_files(dataset))}
        count = count_image_files(training) + sum(counts.values())
        if not counts or count == sum(counts.values()):
            return
        if count > self.max_files:
            runner.logger.info(
                f'{count} image files are too many to look for doubles between the splits at the start '
                f'(max_files={self.max_files}); tools/datasets/find_duplicates.py CONFIG does it'
            )
            return
        training_files = image_files(training)
        for split, number in counts.items():
            pairs = same_content(training_files, image_files(judged[split]))
            if pairs:
                runner.logger.warning(describe_pairs(pairs, number, split))


def describe_pairs(pairs: list[tuple[str, str]], number: int, split: str) -> str:
    """One line for the images of a split that are training images.

    Args:
        pairs: Of :func:`cft.datasets.duplicates.same_content`.
        number: Images of the split.
        split: Its name.
    """
    examples = ', '.join(f'{other} = {own}' for own, other in pairs[:SHOWN]) + (', ...' if len(pairs) > SHOWN else '')
    return (
        f'{len(pairs)} of {number} {split} images are also training images, so that figures on them are too high: '
        f'{examples}; remove them from one of the two'
    )


def dataset_of(runner: Runner, split: str) -> Dataset | None:
    """The data set of a split; None if it has none, or the same as the other split."""
    key = {'validation': 'val_dataloader', 'test': 'test_dataloader'}[split]
    config = (runner.cfg.get(key) or {}).get('dataset')
    if config is None:
        return None
    if split == 'validation' and runner.val_loop is not None:
        return runner.val_dataloader.dataset
    if split == 'test' and config == (runner.cfg.get('val_dataloader') or {}).get('dataset'):
        return None
    try:
        return DATASETS.build(config)
    except (ConfigError, OSError, AssertionError):
        # Test data that are not there yet are no reason not to train.
        return None
