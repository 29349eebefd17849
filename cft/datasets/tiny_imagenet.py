"""Tiny ImageNet: 100,000 training and 10,000 validation images of 64 x 64 pixels in 200 classes."""

from pathlib import Path

from mmpretrain.datasets import BaseDataset

from cft.datasets.image_folder import find_classes, find_images
from cft.datasets.listed_files import require_files
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError
from cft.registry import DATASETS

ARCHIVE = 'http://cs231n.stanford.edu/tiny-imagenet-200.zip'


@DATASETS.register_module()
class TinyImageNet(BaseDataset):
    """Tiny ImageNet (Stanford CS231n) as its archive unpacks.

    The classes are the WordNet ids of ``train/<id>/images``, sorted. The labels
    of the test images were never published, so papers report on the validation
    images.

    Args:
        data_root: Folder that holds ``train`` and ``val``.
        split: ``'train'`` or ``'val'``.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the split is unknown, folders or images are missing, or
            ``val/val_annotations.txt`` is not as published.

    Example:
        >>> TinyImageNet('data/tiny-imagenet-200', split='val')  # doctest: +SKIP
    """

    def __init__(self, data_root: str, split: str = 'train', **kwargs: object) -> None:
        if split == 'test':
            raise ConfigError("TinyImageNet: the test images have no labels; figures are reported on split='val'")
        if split not in ('train', 'val'):
            raise ConfigError(f"TinyImageNet: split must be 'train' or 'val', got {split!r}")
        self.split = split
        train = Path(data_root) / 'train'
        if not train.is_dir():
            raise ConfigError(f'no folder {train}; download {ARCHIVE}, unpack it and give its folder as data_root')
        super().__init__(
            ann_file='', data_root=str(data_root), metainfo={'classes': tuple(find_classes(train))}, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        return self._train_samples() if self.split == 'train' else self._val_samples()

    def _train_samples(self) -> list[dict]:
        return [
            {'img_path': str(image), 'gt_label': label}
            for label, name in enumerate(self.metainfo['classes'])
            for image in find_images(Path(self.data_root) / 'train' / name / 'images')
        ]

    def _val_samples(self) -> list[dict]:
        annotations = Path(self.data_root) / 'val' / 'val_annotations.txt'
        if not annotations.is_file():
            raise ConfigError(f'no file {annotations}; unpack {ARCHIVE} again, and leave its val folder as it is')
        samples = []
        for number, line in enumerate(read_lines(annotations), 1):
            # File name, WordNet id and the corners of a box.
            fields = line.split('\t')
            if len(fields) != 6 or fields[1] not in self.class_to_idx:
                raise ConfigError(f'{annotations}, line {number}: no image, known class and box in {line!r}')
            image = annotations.parent / 'images' / fields[0]
            samples.append({'img_path': str(image), 'gt_label': self.class_to_idx[fields[1]]})
        if not samples:
            raise ConfigError(f'{annotations} is empty; unpack {ARCHIVE} again')
        require_files([sample['img_path'] for sample in samples], f'images of {annotations}')
        return samples
