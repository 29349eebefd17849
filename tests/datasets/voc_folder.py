"""A small data set in VOC layout, of real JPEG, PNG and XML files, with tags that tests may leave out."""

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from PIL import Image

CLASSES = ('cat', 'dog')


def write_image(path: Path, size: tuple[int, int] = (20, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).save(path)
    return path


def write_list(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{name}\n' for name in names))
    return path


def thing(name: str = 'cat', box: tuple = (3, 2, 10, 9), without: str = '', **fields: object) -> ElementTree.Element:
    """An object; ``without`` is a tag to leave out."""
    element = ElementTree.Element('object')
    for tag, text in {'name': name, **fields}.items():
        ElementTree.SubElement(element, tag).text = str(text)
    corners = ElementTree.SubElement(element, 'bndbox')
    for tag, value in zip(('xmin', 'ymin', 'xmax', 'ymax'), box, strict=True):
        ElementTree.SubElement(corners, tag).text = str(value)
    for parent in (element, corners):
        for child in parent.findall(without) if without else []:
            parent.remove(child)
    return element


def write_annotation(path: Path, *things: ElementTree.Element, size: tuple[int, int] | None = (20, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    root = ElementTree.Element('annotation')
    if size:
        node = ElementTree.SubElement(root, 'size')
        for tag, value in zip(('width', 'height'), size, strict=True):
            ElementTree.SubElement(node, tag).text = str(value)
    root.extend(things)
    ElementTree.ElementTree(root).write(path)
    return path
