"""Listed training images of ImageNet, such as SimCLR's 1 % and 10 %."""

from pathlib import Path
from typing import Any

from mmpretrain.datasets import BaseDataset, ImageNet

from cft.datasets.listed_files import SHOWN, require_files
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError
from cft.registry import DATASETS

SOURCE = 'imagenet_subsets of https://github.com/google-research/simclr'


@DATASETS.register_module()
class ImageNetList(BaseDataset):
    """The training images of ImageNet that a text file names, one a line: ``n01440764_10026.JPEG``.

    So are the labelled 1 % and 10 % of SimCLR (Chen et al., ICML 2020), which
    HEXA and others fine-tune on. Labels are those of :class:`mmpretrain.datasets.ImageNet`:
    the class folders in their order.

    Args:
        data_root: Folder that holds ``train`` with a folder of images for every class, named by its WordNet id.
        list_file: Path of the list below ``data_root``.
        images: How many the list has to name.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the list is not there, is not whole, names an image twice, or images are missing.

    Example:
        >>> ImageNetList('data/imagenet', '1percent.txt', images=12811)  # doctest: +SKIP
    """

    METAINFO = ImageNet.METAINFO

    def __init__(self, data_root: str, list_file: str, images: int, **kwargs: Any) -> None:
        self.list_file = Path(data_root, list_file)
        self.images = images
        super().__init__(ann_file='', data_root=str(data_root), **kwargs)

    def load_data_list(self) -> list[dict]:
        if not self.list_file.is_file():
            raise ConfigError(f'no list {self.list_file}; it is {self.list_file.name} in {SOURCE}: put it there')
        names = read_lines(self.list_file)
        if len(names) != self.images or len(set(names)) != len(names):
            raise ConfigError(
                f'{self.list_file} names {len(set(names)):,} images in {len(names):,} lines, not {self.images:,} in '
                f'as many; take it again from {SOURCE}'
            )
        folder = Path(self.data_root) / 'train'
        if not folder.is_dir():
            raise ConfigError(
                f'no folder {folder}; give the folder that holds ImageNet (https://image-net.org) with data_root'
            )
        labels = {place.name: label for label, place in enumerate(sorted(p for p in folder.iterdir() if p.is_dir()))}
        classes = [name.partition('_')[0] for name in names]
        unknown = sorted(set(classes) - set(labels))
        if unknown:
            shown = ', '.join(unknown[:SHOWN]) + (', ...' if len(unknown) > SHOWN else '')
            raise ConfigError(f'{folder} lacks {len(unknown)} class folders of {self.list_file}: {shown}')
        paths = [str(folder / name / image) for name, image in zip(classes, names, strict=True)]
        require_files(paths, f'images of {self.list_file}')
        return [{'img_path': path, 'gt_label': labels[name]} for path, name in zip(paths, classes, strict=True)]
