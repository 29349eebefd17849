"""Some classes of ImageNet, such as the 100 of ImageNet-100."""

from pathlib import Path

from mmpretrain.datasets import BaseDataset

from cft.datasets.few_shot_splits import few_shot_classes, is_few_shot_split
from cft.datasets.image_folder import find_images
from cft.datasets.listed_files import SHOWN
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError
from cft.registry import DATASETS

LISTS = {'imagenet100': Path(__file__).with_name('imagenet100.txt')}


def read_class_list(classes_file: str | Path) -> list[str]:
    """Names of class folders: from a text file, one a line, lines that start with ``#`` being notes; or a known list.

    Raises:
        ConfigError: If there is no such file, or it lists no class or one twice.
    """
    if is_few_shot_split(str(classes_file)):
        return few_shot_classes(str(classes_file))
    path = LISTS.get(str(classes_file), Path(classes_file))
    if not path.is_file():
        raise ConfigError(f'no list of classes {path}; give a text file, or one of {list(LISTS)}')
    classes = [line for line in read_lines(path) if not line.startswith('#')]
    if not classes:
        raise ConfigError(f'{path} lists no class; write one folder name a line')
    twice = sorted({name for name in classes if classes.count(name) > 1})
    if twice:
        raise ConfigError(f'{path} lists {", ".join(twice)} more than once')
    return classes


@DATASETS.register_module()
class ImageNetSubset(BaseDataset):
    """The listed classes of an ImageNet that lies in class folders.

    A class's label is its place in the list. Other folders are not read.

    Args:
        data_root: Folder that holds ``train`` and ``val``, each with a folder
            of images for every class, named by its WordNet id.
        classes_file: A text file with one folder name a line, or
            ``'imagenet100'``, the ImageNet-100 of Contrastive Multiview Coding
            (Tian et al., ECCV 2020), or a split of
            :func:`cft.datasets.few_shot_splits.few_shot_classes` such as
            ``'tieredimagenet/test'``.
        split: ``'train'`` or ``'val'``.
        images_file: A list of the images that are kept, as miniImageNet's
            ``train.csv``: lines ``n0153282900000005.jpg,n01532829``, the fifth
            image of the class by the numbers in ImageNet's file names; None: all.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the split is unknown, the list cannot be used, or the
            folder or images of a class are missing.

    Example:
        >>> ImageNetSubset('data/imagenet', 'imagenet100', split='val')  # doctest: +SKIP
    """

    def __init__(
        self, data_root: str, classes_file: str, split: str = 'train', images_file: str | None = None, **kwargs: object
    ) -> None:
        if split not in ('train', 'val'):
            raise ConfigError(f"ImageNetSubset: split must be 'train' or 'val', got {split!r}")
        self.split = split
        self.classes_file = classes_file
        self.images_file = images_file
        classes = tuple(read_class_list(classes_file))
        super().__init__(ann_file='', data_root=str(data_root), metainfo={'classes': classes}, **kwargs)

    def load_data_list(self) -> list[dict]:
        folder = Path(self.data_root) / self.split
        if not folder.is_dir():
            raise ConfigError(
                f'no folder {folder}; give the folder that holds ImageNet (https://image-net.org) with data_root'
            )
        classes = self.metainfo['classes']
        missing = [name for name in classes if not (folder / name).is_dir()]
        if missing:
            names = ', '.join(missing[:SHOWN]) + (', ...' if len(missing) > SHOWN else '')
            raise ConfigError(
                f'{folder} lacks {len(missing)} of the {len(classes)} class folders of {self.classes_file}: {names}; '
                'put the images of each class into a folder named by its WordNet id'
            )
        images = {name: find_images(folder / name) for name in classes}
        if self.images_file is not None:
            images = _listed(images, Path(self.images_file))
        return [
            {'img_path': str(image), 'gt_label': label} for label, name in enumerate(classes) for image in images[name]
        ]


def _listed(images: dict[str, list[Path]], file: Path) -> dict[str, list[Path]]:
    """The images of each class that a list of miniImageNet names by their place."""
    if not file.is_file():
        raise ConfigError(
            f'no list of images {file}; take train.csv, val.csv and test.csv of data/miniImagenet in '
            'https://github.com/twitter-research/meta-learning-lstm'
        )
    kept: dict[str, list[Path]] = {name: [] for name in images}
    ordered = {name: sorted(paths, key=_number) for name, paths in images.items()}
    for line in read_lines(file):
        name, _, label = line.partition(',')
        place = name.removeprefix(label).partition('.')[0]
        if label not in kept:
            continue
        if not place.isdecimal() or not 1 <= int(place) <= len(ordered[label]):
            raise ConfigError(f'{file}: {line!r} names no image of {label}, of which there are {len(ordered[label])}')
        kept[label].append(ordered[label][int(place) - 1])
    if empty := [name for name, paths in kept.items() if not paths]:
        raise ConfigError(f'{file} lists no image of {empty[0]}; give the list of this split')
    return kept


def _number(path: Path) -> tuple[int, str]:
    """ImageNet's images are called WNID_NUMBER.JPEG."""
    digits = path.stem.rpartition('_')[2]
    return (int(digits), '') if digits.isdecimal() else (-1, path.name)
