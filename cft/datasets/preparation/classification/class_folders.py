"""Data sets whose images lie in a folder for each class: ImageNet20, Flowers, Places365, Caltech-101 and -256."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from cft.datasets.preparation.classification.label_list import LabelledImage
from cft.datasets.preparation.folders import visible_folders
from cft.errors import ConfigError

SUFFIXES = ('.jpg', '.jpeg')


def read_imagenet20(root: Path) -> list[LabelledImage]:
    """Imagenette and Imagewoof, whose class folders are named by WordNet's numbers."""
    rows = []
    for name in ('imagenette2', 'imagewoof2'):
        rows += _folders(root, f'{name}/train', 'train') + _folders(root, f'{name}/val', 'test')
    return rows


def read_flowers(root: Path) -> list[LabelledImage]:
    """Folders 1 to 102, in the order of the official labels; named so that text sorts them likewise."""
    place = 'flower_data'
    rows = _folders(root, f'{place}/train', 'train') + _folders(root, f'{place}/valid', 'test')
    return [row._replace(label=row.label.zfill(3)) for row in rows]


def read_places365(root: Path) -> list[LabelledImage]:
    """Folders named by the scene."""
    place = 'places365_standard'
    return _folders(root, f'{place}/train', 'train') + _folders(root, f'{place}/val', 'test')


def read_caltech101(root: Path) -> list[LabelledImage]:
    """30 images of each class for training, the others for the test."""
    return _divided(_folders(root, '101_ObjectCategories', 'test'), 30)


def read_caltech256(root: Path) -> list[LabelledImage]:
    """60 images of each class for training, the others for the test."""
    return _divided(_folders(root, '256_ObjectCategories', 'test'), 60)


def drawn(names: Iterable[str], number: int, seed: int = 0) -> set[str]:
    """The names with the smallest SHA-256, the same ones on every machine.

    A draw of more holds that of fewer, and no name depends on the others.

    Args:
        names: To draw from.
        number: How many; all of them if there are fewer.
        seed: Of the draw.

    Example:
        >>> drawn('abc', 1) < drawn('abc', 2) < drawn('abc', 3)
        True
    """
    return set(sorted(names, key=lambda name: hashlib.sha256(f'{seed}/{name}'.encode()).digest())[:number])


def _divided(rows: list[LabelledImage], per_class: int) -> list[LabelledImage]:
    of_class: dict[str, list[str]] = {}
    for row in rows:
        of_class.setdefault(row.label, []).append(row.path)
    trained = set().union(*(drawn(paths, per_class) for paths in of_class.values()))
    return [row._replace(split='train' if row.path in trained else 'test') for row in rows]


def _folders(root: Path, place: str, split: str) -> list[LabelledImage]:
    """The JPEG files directly in each class folder of a place; other files there are the makers' notes."""
    if not (root / place).is_dir():
        raise ConfigError(f'no folder {root / place}; bring the data set there with prepare.py NAME --from DOWNLOADS')
    return [
        LabelledImage(f'{place}/{folder.name}/{name}', folder.name, split)
        for folder in visible_folders(root / place)
        for name in sorted(os.listdir(folder))
        if name.lower().endswith(SUFFIXES) and not name.startswith('.')
    ]
