"""LabelMe's JSON files, one for each image (github.com/wkentaro/labelme)."""

import base64
import binascii
import json
import math
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from cft.datasets.conversion.labelled import Export, LabelledImage, find_image
from cft.datasets.detection_parts import SPLIT_OF
from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.image_sizes import size_in_frame
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError

# Of the file that LabelMe is started with.
CLASS_FILE = 'labels.txt'
IGNORED = '__ignore__'
BACKGROUND = '_background_'
CIRCLE_POINTS = 64
OUTLINES = ('polygon', 'rotation', 'oriented_rectangle')
NOT_TAKEN = {'point': 'points', 'points': 'points', 'line': 'lines', 'linestrip': 'lines'}


def read_labelme(source: Path, images: Path | None) -> Export:
    """Read polygons, rectangles, circles and masks; shapes of one ``group_id`` and label are one object.

    Args:
        source: Folder of the JSON files, with sub-folders; those named after splits are splits.
        images: Folder of the images; None: where the files say.

    Raises:
        ConfigError: If there are none, or one is damaged.

    Example:
        >>> read_labelme(Path('street'), None).classes  # doctest: +SKIP
        ['car', 'person']
    """
    files = sorted(source.rglob('*.json')) if source.is_dir() else [source]
    export = Export()
    for file in files:
        content = _content(file)
        if content is None:
            export.skipped['JSON files that are not of LabelMe'] += 1
        else:
            _read_image(file, content, source, images, export)
    if not export.read:
        raise ConfigError(f'{source} holds no JSON file of LabelMe; give the folder of its files')
    used = sorted({entry['label'] for image in export.images for entry in image.objects})
    listed = source / CLASS_FILE
    if listed.is_file():
        export.classes = [name for name in read_lines(listed) if name not in (IGNORED, BACKGROUND)]
        unknown = [name for name in used if name not in export.classes]
        if unknown:
            raise ConfigError(f'{listed} lacks the classes {unknown} of the labelled objects; add them')
    else:
        export.classes = used
    return export


def _content(file: Path) -> dict | None:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ConfigError(f'{file} is no JSON ({error}); repair it or take it away') from error
    if not isinstance(content, dict) or not isinstance(content.get('shapes'), list):
        return None
    return content


def _read_image(file: Path, content: dict, source: Path, images: Path | None, export: Export) -> None:
    shapes = content['shapes']
    export.read['images'] += 1
    export.read['shapes'] += len(shapes)
    image_file = _image_file(file, content, images)
    if image_file is None:
        export.leave_out(str(content.get('imagePath') or file.name), len(shapes))
        return
    below = file.relative_to(source) if source.is_dir() else Path(file.name)
    width, height = content.get('imageWidth'), content.get('imageHeight')
    size = size_in_frame(str(image_file))
    if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
        size = width, height
    split = SPLIT_OF.get(below.parts[0].lower(), 'train')
    image = LabelledImage(image_file, str(below.with_suffix(image_file.suffix)), size, split)
    export.images.append(image)
    groups: dict[object, list[dict]] = defaultdict(list)
    for number, shape in enumerate(shapes, start=1):
        if not isinstance(shape, dict) or not isinstance(shape.get('label'), str):
            raise ConfigError(f'{file}: shape {number} has no label; give it one or remove it')
        group = shape.get('group_id')
        groups[number if group is None else (shape['label'], str(group))].append(shape)
    for members in groups.values():
        _add(members, image, export)


def _image_file(file: Path, content: dict, images: Path | None) -> Path | None:
    name = str(content.get('imagePath') or '').replace('\\', '/')
    tried = [images / name, images / Path(name).name] if images else []
    tried += [file.parent / name, file.parent / Path(name).name]
    # After it was renamed together with its JSON file.
    tried += [file.with_suffix(suffix) for end in SUFFIXES for suffix in (end, end.upper())]
    return find_image(tried)


def _add(members: list[dict], image: LabelledImage, export: Export) -> None:
    """One object, of one shape or several."""
    label = members[0]['label']
    if label == IGNORED:
        export.skipped[f'shapes with the label {IGNORED}'] += len(members)
        return
    outlines, boxes = [], []
    for shape in members:
        kind = str(shape.get('shape_type') or 'polygon')
        points = _points(shape)
        if points is None:
            export.skipped['shapes whose points are no numbers'] += 1
        elif kind == 'mask' and len(points) == 2 and len(members) == 1:
            _add_mask(shape, points, image, export)
        elif kind == 'mask':
            export.skipped['masks that are parts of a group'] += 1
        elif kind in OUTLINES:
            outlines.append([value for point in points for value in point])
        elif kind == 'rectangle' and len(points) in (2, 4):
            xs, ys = zip(*points, strict=True)
            boxes.append([min(xs), min(ys), max(xs), max(ys)])
        elif kind == 'circle' and len(points) == 2:
            export.changed[f'circles, taken as outlines of {CIRCLE_POINTS} points'] += 1
            outlines.append(_circle(*points))
        else:
            export.skipped[NOT_TAKEN.get(kind, f'shapes of the kind {kind!r}')] += 1
    if len(boxes) == 1 and not outlines:
        export.add_box(image, label, boxes[0])
    elif boxes or outlines:
        if len(members) > 1:
            export.changed['shapes that are parts of objects of several (group_id)'] += len(boxes) + len(outlines)
        export.add_outlines(image, label, outlines + [[x1, y1, x2, y1, x2, y2, x1, y2] for x1, y1, x2, y2 in boxes])


def _points(shape: dict) -> list[tuple[float, float]] | None:
    try:
        points = [(float(x), float(y)) for x, y in shape['points']]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return points if all(math.isfinite(value) for point in points for value in point) else None


def _circle(centre: tuple[float, float], edge: tuple[float, float]) -> list[float]:
    """Its outline; four of the points are the outermost ones, so that the box is the circle's."""
    radius = math.dist(centre, edge)
    angles = [2 * math.pi * index / CIRCLE_POINTS for index in range(CIRCLE_POINTS)]
    points = [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]
    return [value for point in points for value in point]


def _add_mask(shape: dict, points: list[tuple[float, float]], image: LabelledImage, export: Export) -> None:
    """A PNG of the part of the image between two pixels, both of them in it."""
    try:
        packed = np.frombuffer(base64.b64decode(shape['mask'], validate=True), np.uint8)
        pixels = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    except (KeyError, TypeError, binascii.Error, cv2.error):
        pixels = None
    left, top, right, bottom = (round(value) for point in points for value in point)
    if pixels is None or pixels.shape != (bottom - top + 1, right - left + 1):
        export.skipped['masks that are damaged'] += 1
    else:
        export.add_pixels(image, shape['label'], (left, top), pixels > 0)
