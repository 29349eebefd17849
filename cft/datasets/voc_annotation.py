"""What an XML annotation of PASCAL VOC says, its boxes made corners."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from cft.datasets.box_checks import are_fractions
from cft.datasets.preparation.text_lists import decode_marked


class VocObject(NamedTuple):
    """An object of an image.

    Attributes:
        name: Of its class.
        box: x1, y1, x2, y2 in pixels from the image's corner: VOC's first pixel is 1 and its last belongs to the box.
        difficult: Whether it is neither trained on nor counted.
    """

    name: str
    box: tuple[int, int, int, int]
    difficult: bool


def read_xml(path: str | Path) -> ET.Element:
    """The root of an XML file, whatever its encoding.

    Raises:
        ET.ParseError: If it is none; other errors of reading as they are.

    Example:
        >>> read_xml('VOC2007/Annotations/000005.xml').tag  # doctest: +SKIP
        'annotation'
    """
    content = Path(path).read_bytes()
    # The parser knows the encodings that a file names, but not that a mark goes before the name.
    text = decode_marked(content)
    return ET.fromstring(content.strip() if text is None else text.strip())


def read_size(root: ET.Element) -> tuple[int, int]:
    """Width and height that an annotation declares; zeros where it does not.

    Example:
        >>> read_size(ET.fromstring('<annotation><size><width>8</width><height>6</height></size></annotation>'))
        (8, 6)
    """
    width, height = (int(float(root.findtext(f'size/{side}', '0'))) for side in ('width', 'height'))
    return width, height


def read_objects(root: ET.Element) -> list[VocObject]:
    """The objects of an annotation.

    Raises:
        ValueError: If one lacks its name or its box, or has fractions or nothing for a box.

    Example:
        >>> read_objects(ET.fromstring('<annotation/>'))
        []
    """
    objects = []
    for number, node in enumerate(root.findall('object'), start=1):
        name = _text(node, 'name')
        corners = [float(_text(node, f'bndbox/{key}')) for key in ('xmin', 'ymin', 'xmax', 'ymax')]
        if are_fractions(corners):
            raise ValueError(f'the box of object {number} has fractions of the image; write pixels')
        xmin, ymin, xmax, ymax = map(int, corners)
        if xmax < xmin or ymax < ymin:
            raise ValueError(f'object {number} has an empty box {xmin, ymin, xmax, ymax}')
        difficult = int(node.findtext('difficult', '0')) > 0
        objects.append(VocObject(name, (xmin - 1, ymin - 1, xmax, ymax), difficult))
    return objects


def _text(node: ET.Element, path: str) -> str:
    text = node.findtext(path)
    if text is None:
        raise ValueError(f'an object has no {path}')
    return text.strip()
