"""Segmentation data in VOC layout, checked before training starts."""

from pathlib import Path

from mmseg.datasets import BaseSegDataset, PascalVOCDataset

from cft.datasets.files import require_files
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class VOCSegmentation(BaseSegDataset):
    """Images and masks named by a list file, as PASCAL VOC keeps them.

    The classes are VOC's 21 unless ``metainfo`` gives others; class 0 is the
    background. Masks are PNG files of class indices, 255 for pixels without a
    label; :class:`cft.datasets.transforms.LoadSegmentation` reads and checks them.

    Args:
        kwargs: Those of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        ConfigError: If the list, an image or a mask is missing.

    Example:
        >>> VOCSegmentation(
        ...     data_root='data/VOCdevkit/VOC2012', ann_file='ImageSets/Segmentation/val.txt',
        ...     data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'))  # doctest: +SKIP
    """

    def __init__(self, ann_file: str, data_root: str = '', metainfo: dict | None = None, **kwargs: object) -> None:
        if not (Path(data_root) / ann_file).is_file():
            raise ConfigError(
                f'no list of images {Path(data_root) / ann_file}; prepare the data (tools/datasets) first'
            )
        super().__init__(
            ann_file=ann_file, data_root=data_root, metainfo=metainfo or PascalVOCDataset.METAINFO, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        samples = super().load_data_list()
        if not samples:
            raise ConfigError(f'the list {self.ann_file} names no image')
        for key, what in (('img_path', 'images'), ('seg_map_path', 'masks')):
            require_files([sample[key] for sample in samples], f'{what} named in {self.ann_file}')
        return samples
