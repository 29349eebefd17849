"""Small data without splits, for each data set class that divides what it reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tests.support.mask_folders import usual


class Divided(NamedTuple):
    """A data set class with data for it.

    Attributes:
        kind: Its registered name.
        root: What ``data_root`` is.
        folder: Below which its images lie.
    """

    kind: str
    root: Path
    folder: Path


def image(path: Path, seed: int, side: int = 32) -> None:
    """Of its own pixels; the brightness tells whether the seed is odd."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 60, (side, side, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), noise + np.uint8(150 * (seed % 2)))


def class_folders(root: Path, per_class: int = 10) -> Divided:
    for number in range(2 * per_class):
        image(root / 'ab'[number % 2] / f'{number:02}.png', number)
    return Divided('cft.ImageFolder', root, root)


def table(root: Path, per_class: int = 10, several: bool = False) -> Divided:
    class_folders(root, per_class)
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob('*.png'))
    labels = [name[0] + ('|c' if several and number % 3 == 0 else '') for number, name in enumerate(names)]
    rows = [f'{name},{label}' for name, label in zip(names, labels, strict=True)]
    (root / 'list.csv').write_text('\n'.join(['path,label', *rows]) + '\n')
    return Divided('cft.MultiLabelTable' if several else 'cft.LabelTable', root / 'list.csv', root)


def tables_of_several(root: Path, per_class: int = 10) -> Divided:
    return table(root, per_class, several=True)


def masks(root: Path, per_class: int = 10) -> Divided:
    usual(root, 2 * per_class, classes=2)
    return Divided('cft.SegmentationFolder', root, root)


def boxes(root: Path, per_class: int = 10) -> Divided:
    images, annotations = [], []
    for number in range(2 * per_class):
        image(root / 'images' / f'{number:02}.png', number)
        images.append({'id': number, 'file_name': f'{number:02}.png', 'width': 32, 'height': 32})
        box = {'bbox': [4, 4, 20, 20], 'area': 400, 'iscrowd': 0}
        annotations.append({'id': number, 'image_id': number, 'category_id': 1 + number % 2, **box})
    content = {
        'images': images,
        'annotations': annotations,
        'categories': [{'id': 1, 'name': 'a'}, {'id': 2, 'name': 'b'}],
    }
    (root / 'annotations').mkdir()
    (root / 'annotations' / 'train.json').write_text(json.dumps(content))
    return Divided('cft.FolderDetection', root, root)


MAKERS: dict[str, Callable[[Path, int], Divided]] = {
    'folders': class_folders,
    'table': table,
    'several labels': tables_of_several,
    'masks': masks,
    'boxes': boxes,
}
