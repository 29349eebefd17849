"""Some classes of CIFAR-100 with all of their images, as few-shot benchmarks take them."""

from typing import Any

from mmpretrain.datasets.categories import CIFAR100_CATEGORIES

from cft.datasets.cifar import CIFAR100
from cft.datasets.few_shot_splits import few_shot_classes
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class CIFAR100Classes(CIFAR100):
    """The 600 images of each listed class: 500 of CIFAR-100's training file and 100 of its test file.

    A class's label is its place in the list. The files are compared with their
    published sums before they are read, and never downloaded.

    Args:
        data_root: Folder that holds ``cifar-100-python``.
        classes_file: A split of :func:`cft.datasets.few_shot_splits.few_shot_classes`,
            ``'cifar_fs/train'`` or ``'fc100/test'``, say.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the split is none of CIFAR-100, or files are missing or damaged.

    Example:
        >>> CIFAR100Classes('data/cifar100', 'cifar_fs/test')  # doctest: +SKIP
    """

    def __init__(self, data_root: str, classes_file: str, **kwargs: Any) -> None:
        classes = few_shot_classes(classes_file)
        if unknown := [name for name in classes if name not in CIFAR100_CATEGORIES]:
            raise ConfigError(f'{classes_file} is no split of CIFAR-100: it has no class {unknown[0]}')
        super().__init__(data_root=data_root, metainfo={'classes': tuple(classes)}, download=False, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Images of both files, those of the training file first."""
        labels = {CIFAR100_CATEGORIES.index(name): label for label, name in enumerate(self.metainfo['classes'])}
        images = []
        try:
            for self.split in ('train', 'test'):
                images += super().load_data_list()
        except (RuntimeError, AssertionError) as error:
            raise ConfigError(
                f'CIFAR-100 is missing or damaged in {self.data_root}; bring it there with '
                'python tools/datasets/prepare.py cifar100 --from DOWNLOADS'
            ) from error
        return [{**image, 'gt_label': labels[image['gt_label']]} for image in images if image['gt_label'] in labels]
