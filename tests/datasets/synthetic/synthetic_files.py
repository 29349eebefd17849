"""Readers of the drawn files that share no code with what wrote them."""

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

NUMBERS = {'train': 120, 'val': 7, 'test': 5}
CLASSES = ('circle', 'square', 'triangle', 'star')
EMPTY = ('train_000007', 'train_000039', 'train_000071', 'train_000103')


def names_of(root: Path, split: str = 'train', task: str = 'Segmentation') -> list[str]:
    return (root / 'ImageSets' / task / f'{split}.txt').read_text().split()


def picture(root: Path, name: str) -> np.ndarray:
    """(H, W, 3) RGB."""
    return np.asarray(Image.open(root / 'JPEGImages' / f'{name}.jpg'))


def labels(root: Path, name: str, kind: str) -> np.ndarray:
    """(H, W) indices of a palette PNG."""
    image = Image.open(root / f'Segmentation{kind}' / f'{name}.png')
    assert image.mode == 'P'
    return np.asarray(image)


def masks(root: Path, name: str) -> list[np.ndarray]:
    """A (H, W) bool mask per object."""
    numbers = labels(root, name, 'Object')
    return [numbers == number for number in np.unique(numbers) if number not in (0, 255)]


def xml_objects(root: Path, name: str) -> list[dict]:
    """Name, flags and the 1-based corners of each object."""
    tree = ElementTree.parse(root / 'Annotations' / f'{name}.xml').getroot()
    corners = ('xmin', 'ymin', 'xmax', 'ymax')
    return [
        {
            'name': element.findtext('name'),
            'truncated': int(element.findtext('truncated')),
            'difficult': int(element.findtext('difficult')),
            'box': [int(element.find('bndbox').findtext(corner)) for corner in corners],
        }
        for element in tree.findall('object')
    ]


def coco(root: Path, split: str = 'train') -> dict:
    return json.loads((root / 'annotations' / f'instances_{split}.json').read_text())


def decode(segmentation: dict) -> np.ndarray:
    """COCO's uncompressed run lengths as a mask."""
    height, width = segmentation['size']
    values = np.arange(len(segmentation['counts'])) % 2 == 1
    return np.repeat(values, segmentation['counts']).reshape(width, height).T


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob('*') if path.is_file()}
