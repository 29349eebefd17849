"""Boxes that lie in their image, or the reason why they cannot be meant so."""

import math
from collections.abc import Sequence

Box = tuple[float, float, float, float]

# What a labeller's hand or a turned shape sticks out is less; a box of another scale of the image has more outside.
LEAST_INSIDE = 0.5


def fit_box(box: Sequence[float], width: int, height: int) -> tuple[Box, bool]:
    """A box without what sticks out of its image, and whether something did.

    Args:
        box: x1, y1, x2, y2 in pixels from the image's upper left corner, x2 and y2 exclusive.
        width: Of the image, in pixels.
        height: Of the image, in pixels.

    Returns:
        The box within ``[0, width] x [0, height]``, and whether it was clipped.

    Raises:
        ValueError: If a coordinate is not finite, the box has no area, its
            coordinates are fractions, it is outside of the image, or more
            than half of it is. The text follows the name of the box.

    Example:
        >>> fit_box((-1, 10, 30, 40), width=64, height=48)
        ((0, 10, 30, 40), True)
    """
    x1, y1, x2, y2 = box
    if not all(map(math.isfinite, box)):
        raise ValueError(f'is {_text(box)}, which is no place; correct or remove it')
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f'is {_text(box)}, which has no area; correct or remove it')
    if are_fractions(box):
        raise ValueError(f'is {_text(box)}: fractions of the image; write pixels, of this {width} x {height} image')
    inside = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    # One side after the other: the area of a box may be more than a float holds.
    kept = max(inside[2] - inside[0], 0) / (x2 - x1) * (max(inside[3] - inside[1], 0) / (y2 - y1))
    if kept < LEAST_INSIDE:
        raise ValueError(
            f'is {_text(box)}, {1 - kept:.0%} beyond the {width} x {height} image; correct it, or scale the boxes '
            'with the image'
        )
    return inside, inside != tuple(box)


def are_fractions(coordinates: Sequence[float]) -> bool:
    """Whether coordinates are parts of the image's sides: from 0 to 1, and not whole numbers.

    Example:
        >>> are_fractions((0.25, 0.3, 0.75, 0.7)), are_fractions((0, 0, 1, 1))
        (True, False)
    """
    return all(0 <= value <= 1 for value in coordinates) and any(value != int(value) for value in coordinates)


def _text(box: Sequence[float]) -> str:
    return '[' + ', '.join(f'{value:.6g}' for value in box) + ']'
