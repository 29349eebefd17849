"""A scene in the files of Pascal VOC (Everingham et al., "The PASCAL VOC Challenge", IJCV 2010)."""

from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image

from .scene import SHAPES, Scene

VOID = 255


def voc_palette() -> list[int]:
    """The 256 RGB colours of VOC's label images in a row: bits 0, 3 and 6 of an index make its red, and so on."""
    return [
        sum((index >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(3))
        for index in range(256)
        for channel in range(3)
    ]


def tight_boxes(instances: np.ndarray) -> np.ndarray:
    """(N, 4) integers x0, y0, x1, y1 of the visible pixels of each object, 0-based and inclusive."""
    boxes = []
    for number in range(1, int(instances.max()) + 1):
        rows, columns = np.nonzero(instances == number)
        boxes.append([columns.min(), rows.min(), columns.max(), rows.max()])
    return np.array(boxes, int).reshape(-1, 4)


def write_voc_files(folder: Path, name: str, scene: Scene) -> None:
    """Write the picture, its boxes and its two label images.

    Void (255) are the background pixels that touch an object, where colours
    mix. Objects lose no pixel to it, so that boxes and areas can be computed
    from the label images; between two overlapping objects there is none.

    Args:
        folder: Holds ``JPEGImages``, ``Annotations``, ``SegmentationClass`` and ``SegmentationObject``.
        name: File name without its ending.
        scene: What to write.
    """
    Image.fromarray(scene.image).save(folder / 'JPEGImages' / f'{name}.jpg', quality=95)
    tree = ElementTree.ElementTree(_annotation(name, scene))
    ElementTree.indent(tree)
    tree.write(folder / 'Annotations' / f'{name}.xml')
    occupied = (scene.instances > 0).astype(np.uint8)
    void = cv2.dilate(occupied, np.ones((3, 3), np.uint8)) > occupied
    class_numbers = np.array([0, *(label + 1 for label in scene.classes)], np.uint8)
    for kind, labels in (
        ('SegmentationClass', class_numbers[scene.instances]),
        ('SegmentationObject', scene.instances),
    ):
        picture = Image.fromarray(np.where(void, VOID, labels).astype(np.uint8)).convert('P')
        picture.putpalette(voc_palette())
        picture.save(folder / kind / f'{name}.png')


def _annotation(name: str, scene: Scene) -> ElementTree.Element:
    height, width = scene.instances.shape
    root = ElementTree.Element('annotation')
    _add(root, folder='shapes', filename=f'{name}.jpg')
    _add(ElementTree.SubElement(root, 'size'), width=width, height=height, depth=3)
    _add(root, segmented=1)
    for label, truncated, box in zip(scene.classes, scene.truncated, tight_boxes(scene.instances), strict=True):
        element = ElementTree.SubElement(root, 'object')
        _add(element, name=SHAPES[label], truncated=int(truncated), difficult=0)
        corners = dict(zip(('xmin', 'ymin', 'xmax', 'ymax'), (box + 1).tolist(), strict=True))
        _add(ElementTree.SubElement(element, 'bndbox'), **corners)
    return root


def _add(parent: ElementTree.Element, **texts: object) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)
