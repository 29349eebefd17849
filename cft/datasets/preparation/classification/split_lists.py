"""Data sets whose splits stand in text files: DTD, Aircraft, Pets, Food-101, SUN397, CUB."""

from collections.abc import Iterator
from pathlib import Path

from cft.datasets.preparation.classification.label_list import LabelledImage
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError


def read_dtd(root: Path) -> list[LabelledImage]:
    """Lines ``banded/banded_0002.jpg``; the folder is the class."""
    lists = {'train1': 'train', 'val1': 'train', 'test1': 'test'}
    return [
        LabelledImage(f'dtd/images/{name}', _parts(root / 'dtd/labels', name, 2)[0], split)
        for file, split in lists.items()
        for name in lines_of(root / 'dtd/labels' / f'{file}.txt')
    ]


def read_aircraft(root: Path) -> list[LabelledImage]:
    """Lines ``1025794 707-320``: number of the image, name of the variant, which may hold blanks."""
    folder = Path('fgvc-aircraft-2013b/data')
    rows = []
    for file, split in {'trainval': 'train', 'test': 'test'}.items():
        path = root / folder / f'images_variant_{file}.txt'
        for number, variant in _words(path, 2):
            rows.append(LabelledImage(f'{folder}/images/{number}.jpg', variant, split))
    return rows


def read_pets(root: Path) -> list[LabelledImage]:
    """Lines ``Abyssinian_100 1 1 1``; the name of the image begins with that of the breed."""
    return [
        LabelledImage(f'images/{name}.jpg', name.rpartition('_')[0], split)
        for file, split in {'trainval': 'train', 'test': 'test'}.items()
        for name, _ in _words(root / f'annotations/{file}.txt', 2)
    ]


def read_food101(root: Path) -> list[LabelledImage]:
    """Lines ``apple_pie/1005649``; the folder is the class."""
    return [
        LabelledImage(f'food-101/images/{name}.jpg', _parts(root / 'food-101/meta', name, 2)[0], split)
        for split in ('train', 'test')
        for name in lines_of(root / f'food-101/meta/{split}.txt')
    ]


def read_sun397(root: Path) -> list[LabelledImage]:
    """Lines ``/a/abbey/sun_aakbc.jpg``; what stands between the letter and the file is the class."""
    # The lists lie at the top of Partitions.zip, or in a folder of it.
    lists = {split: _found(root / 'Partitions', f'{file}_01.txt') for file, split in _SUN_LISTS.items()}
    rows = []
    for split, path in lists.items():
        for name in lines_of(path):
            parts = _parts(path, name.lstrip('/'), 3)
            rows.append(LabelledImage('/'.join(['SUN397', *parts]), '/'.join(parts[1:-1]), split))
    return rows


def read_cub(root: Path) -> list[LabelledImage]:
    """Four files that begin each line with the number of an image or of a class."""
    folder = root / 'CUB_200_2011'
    classes, images, labels, splits = (
        dict(_words(folder / f'{name}.txt', 2))
        for name in ('classes', 'images', 'image_class_labels', 'train_test_split')
    )
    if not images.keys() == labels.keys() == splits.keys():
        raise ConfigError(f'the lists in {folder} name different images; unpack the archive again')
    unknown = [label for label in labels.values() if label not in classes]
    if unknown or not set(splits.values()) <= {'0', '1'}:
        raise ConfigError(f'{folder} has labels or splits that are not defined; unpack the archive again')
    return [
        LabelledImage(f'CUB_200_2011/images/{name}', classes[labels[key]], 'train' if splits[key] == '1' else 'test')
        for key, name in images.items()
    ]


_SUN_LISTS = {'Training': 'train', 'Testing': 'test'}


def lines_of(path: Path) -> list[str]:
    """Lines of a list that the data set must have.

    Raises:
        ConfigError: If it is not there, or is no text.
    """
    if not path.is_file():
        raise ConfigError(f'no file {path}; bring the data set there with prepare.py NAME --from DOWNLOADS')
    return read_lines(path)


def _words(path: Path, number: int) -> Iterator[list[str]]:
    """Each line parted at its first blanks."""
    for line in lines_of(path):
        words = line.split(maxsplit=number - 1)
        if len(words) != number:
            raise ConfigError(f'{path}: {line!r} has fewer than {number} words; unpack the archive again')
        yield words


def _parts(place: Path, name: str, least: int) -> list[str]:
    """Folders and file of a listed path."""
    parts = name.split('/')
    if len(parts) < least or '..' in parts or '' in parts:
        raise ConfigError(f'{place}: {name!r} names no image in the folder of a class; unpack the archive again')
    return parts


def _found(folder: Path, name: str) -> Path:
    return next(iter(sorted(folder.rglob(name))), folder / name)
