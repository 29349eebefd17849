"""CVAT's XML for images, version 1.1 (docs.cvat.ai, "XML annotation format")."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cft.datasets.conversion.labelled import Export, LabelledImage, find_image
from cft.datasets.detection_parts import split_of
from cft.datasets.voc_annotation import read_xml
from cft.errors import ConfigError

FILE = 'annotations.xml'
NOT_TAKEN = {
    'polyline': 'lines',
    'points': 'points',
    'ellipse': 'ellipses',
    'cuboid': 'cuboids',
    'skeleton': 'skeletons',
    'tag': 'tags of whole images',
}


def read_cvat(source: Path, images: Path | None) -> Export:
    """Read boxes, polygons and masks.

    Args:
        source: The XML file, or the unpacked export with ``annotations.xml``.
        images: Folder of the images; None: ``images`` beside the file, or beside it themselves.

    Raises:
        ConfigError: If the file is missing, damaged, or that of a video.

    Example:
        >>> read_cvat(Path('task_12'), None).classes  # doctest: +SKIP
        ['car', 'person']
    """
    file = source / FILE if source.is_dir() else source
    if not file.is_file():
        raise ConfigError(f"no file {file}; give the XML file, or the folder of an export 'CVAT for images 1.1'")
    try:
        root = read_xml(file)
    except (ET.ParseError, ValueError) as error:
        raise ConfigError(f'{file} is no XML ({error}); unpack the export and give its annotations.xml') from error
    if root.tag != 'annotations' or root.find('image') is None:
        tracks = ' but the tracks of a video' if root.find('track') is not None else ''
        raise ConfigError(f"{file} holds no images{tracks}; export the task as 'CVAT for images 1.1'")
    export = Export(classes=list(dict.fromkeys(node.text or '' for node in root.iterfind('meta/*//labels/label/name'))))
    export.skipped['tracks'] += len(root.findall('track'))
    places = [images] if images else [file.parent / 'images', file.parent]
    for node in root.iterfind('image'):
        _read_checked(file, node, places, export)
    labels = {entry['label'] for image in export.images for entry in image.objects}
    export.classes += sorted(labels - set(export.classes))
    return export


def _read_checked(file: Path, node: ET.Element, places: Sequence[Path], export: Export) -> None:
    try:
        _read_image(node, places, export)
    except KeyError as error:
        raise ConfigError(f'{file}, image {node.get("name")!r}: no {error}; export it again') from error
    except (ValueError, OverflowError) as error:
        raise ConfigError(f'{file}, image {node.get("name")!r}: {error}; export it again') from error


def _read_image(node: ET.Element, places: Sequence[Path], export: Export) -> None:
    name = node.attrib['name'].replace('\\', '/')
    subset = node.get('subset', '')
    export.read['images'] += 1
    export.read['shapes'] += len(node)
    tried = [place / part / name for place in places for part in ('', subset)]
    tried += [place / Path(name).name for place in places]
    file = find_image(tried)
    if file is None:
        export.leave_out(name, len(node))
        return
    size = int(node.attrib['width']), int(node.attrib['height'])
    image = LabelledImage(file, name, size, split_of(subset) or 'train')
    export.images.append(image)
    for shape in node:
        _read_shape(shape, image, export)


def _read_shape(shape: ET.Element, image: LabelledImage, export: Export) -> None:
    label = shape.get('label', '')
    if shape.tag == 'box':
        corners = [float(shape.attrib[key]) for key in ('xtl', 'ytl', 'xbr', 'ybr')]
        turn = float(shape.get('rotation', 0))
        if turn:
            export.changed['rotated boxes, taken as outlines of four points'] += 1
            export.add_outlines(image, label, [_rotated(corners, turn)])
        else:
            export.add_box(image, label, corners)
    elif shape.tag == 'polygon':
        points = shape.attrib['points'].replace(';', ',').split(',')
        export.add_outlines(image, label, [[float(value) for value in points]])
    elif shape.tag == 'mask':
        left, top, width, height = (int(float(shape.attrib[key])) for key in ('left', 'top', 'width', 'height'))
        runs = [int(value) for value in shape.attrib['rle'].split(',')]
        if min(runs) < 0 or sum(runs) != width * height:
            raise ValueError('the run lengths of a mask do not fill its box')
        if width > image.size[0] or height > image.size[1]:
            raise ValueError('a mask is larger than the image')
        # Row by row, first the background.
        pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
        export.add_pixels(image, label, (left, top), pixels)
    else:
        export.skipped[NOT_TAKEN.get(shape.tag, f'shapes of the kind {shape.tag!r}')] += 1


def _rotated(corners: Sequence[float], degrees: float) -> list[float]:
    """Corners of a box turned clockwise about its centre, as it is seen with y pointing down."""
    x1, y1, x2, y2 = corners
    cx, cy, angle = (x1 + x2) / 2, (y1 + y2) / 2, math.radians(degrees)
    outline: list[float] = []
    for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)):
        dx, dy = x - cx, y - cy
        outline += [cx + dx * math.cos(angle) - dy * math.sin(angle), cy + dx * math.sin(angle) + dy * math.cos(angle)]
    return outline
