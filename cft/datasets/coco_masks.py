"""Instance masks of COCO's annotations that can be drawn, or the reason why not.

pycocotools, which draws them, checks nothing: a far coordinate or a damaged
text of run lengths ends the process.
"""

import math
from collections.abc import Sequence

import numpy as np

LEAST_COORDINATES = 6


def check_mask(segmentation: object, box: Sequence[float], width: int, height: int) -> list | dict:
    """A mask in one of the forms that pycocotools and mmdet draw.

    Args:
        segmentation: Polygons ``[[x1, y1, x2, y2, ...], ...]``, one polygon without the outer list, points in lists
            of their own, or run lengths ``dict(size=[height, width], counts=...)``, as numbers or as COCO's text.
        box: x1, y1, x2, y2 of the same object, in pixels.
        width: Of the image, in pixels.
        height: Of the image, in pixels.

    Returns:
        Polygons of at least three points each, or run lengths that fill the
        image. A polygon may stick out of the image by up to the image's own
        size; what sticks out is not drawn.

    Raises:
        ValueError: With what is wrong of it.

    Example:
        >>> check_mask([5, 5, 9, 5, 9, 9], (5, 5, 9, 9), width=20, height=20)
        [[5, 5, 9, 5, 9, 9]]
    """
    if isinstance(segmentation, dict) and segmentation:
        return _check_runs(segmentation, width, height)
    if not segmentation:
        raise ValueError('no points')
    if not isinstance(segmentation, list):
        raise ValueError('another form than polygons or run lengths')
    # What has less than three points covers nothing.
    polygons = [polygon for polygon in _polygons(segmentation) if len(polygon) >= LEAST_COORDINATES]
    if not polygons:
        raise ValueError('less than three points')
    _check_places(polygons, box, width, height)
    return polygons


def _polygons(segmentation: list) -> list[list]:
    if not isinstance(segmentation[0], list):
        return [_plain(segmentation)]
    if len(segmentation) > 2 and all(isinstance(point, list) and len(point) == 2 for point in segmentation):
        return [_plain(segmentation)]
    return [_plain(polygon) for polygon in segmentation]


def _plain(polygon: object) -> list:
    """Coordinates in one list of finite numbers."""
    if not isinstance(polygon, list):
        raise ValueError('another form than polygons or run lengths')
    if polygon and isinstance(polygon[0], list):
        if not all(isinstance(point, list) and len(point) == 2 for point in polygon):
            raise ValueError('points that are no pairs of coordinates')
        polygon = [value for point in polygon for value in point]
    if len(polygon) % 2:
        raise ValueError('an odd number of coordinates')
    try:
        total: float = sum(polygon)
    except TypeError:
        try:
            polygon = [float(value) for value in polygon]
        except (TypeError, ValueError) as error:
            raise ValueError('coordinates that are no numbers') from error
        total = sum(polygon)
    except OverflowError as error:
        raise ValueError('coordinates that are not finite') from error
    # A sum has what its parts have: it is infinite or not a number.
    if isinstance(total, float) and not math.isfinite(total):
        raise ValueError('coordinates that are not finite')
    return polygon


def _check_places(polygons: list[list], box: Sequence[float], width: int, height: int) -> None:
    xs, ys = [polygon[0::2] for polygon in polygons], [polygon[1::2] for polygon in polygons]
    left, right = min(map(min, xs)), max(map(max, xs))
    top, bottom = min(map(min, ys)), max(map(max, ys))
    if left < -width or right > 2 * width or top < -height or bottom > 2 * height:
        raise ValueError('coordinates far outside of the image')
    if right <= left or bottom <= top:
        raise ValueError('no area')
    if left >= 0 and right <= 1 and top >= 0 and bottom <= 1:
        raise ValueError('fractions of the image instead of pixels')
    if right < box[0] or left > box[2] or bottom < box[1] or top > box[3]:
        raise ValueError('a place beside its box')


def _check_runs(mask: dict, width: int, height: int) -> dict:
    size, counts = mask.get('size'), mask.get('counts')
    if not isinstance(size, list) or size != [height, width]:
        raise ValueError('run lengths of another size than the image')
    if isinstance(counts, str):
        runs = decode_run_lengths(counts)
    elif isinstance(counts, list) and set(map(type, counts)) == {int}:
        runs = counts
    else:
        raise ValueError('run lengths that are no whole numbers')
    if min(runs) < 0 or sum(runs) != height * width:
        raise ValueError('run lengths that do not fill the image')
    if not sum(runs[1::2]):
        raise ValueError('no area')
    return {'size': [height, width], 'counts': counts}


def decode_run_lengths(text: str) -> list[int]:
    """COCO's compressed run lengths, as ``rleFrString`` of its ``maskApi.c`` reads them.

    Each number is written in groups of five bits from the lowest, the sixth bit
    saying that more follow; from the fourth number on, it is the difference to
    the last but one.

    Args:
        text: The ``counts`` of a mask.

    Returns:
        Lengths of background and object in turn.

    Raises:
        ValueError: If the text holds other characters, or ends within a number.

    Example:
        >>> decode_run_lengths('`06:')
        [16, 6, 10]
    """
    groups = np.frombuffer(text.encode('ascii', 'replace'), np.uint8).astype(np.int64) - 48
    if not text or not text.isascii() or groups.min() < 0 or groups.max() > 63 or groups[-1] & 32:
        raise ValueError('a damaged text of run lengths')
    ends = np.flatnonzero(groups & 32 == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    digits = ends - starts + 1
    # 30 bits hold every length; longer numbers would not fit pycocotools' own.
    if digits.max() > 6:
        raise ValueError('a damaged text of run lengths')
    places = np.arange(len(groups)) - np.repeat(starts, digits)
    numbers = np.add.reduceat((groups & 31) << (5 * places), starts)
    numbers -= np.where(groups[ends] & 16, 1 << (5 * digits), 0)
    for first in (1, 2):
        numbers[first::2] = np.cumsum(numbers[first::2])
    return numbers.tolist()
