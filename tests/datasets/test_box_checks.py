"""Boxes are checked against their image; a loop over pixels is the oracle of what is inside."""

import math

import numpy as np
import pytest

from cft.datasets.box_checks import are_fractions, fit_box

WIDTH, HEIGHT = 13, 9


def pixels(box: tuple[int, ...]) -> set[tuple[int, int]]:
    x1, y1, x2, y2 = box
    return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}


IMAGE = pixels((0, 0, WIDTH, HEIGHT))


def test_what_is_kept_are_the_pixels_inside() -> None:
    rng = np.random.default_rng(0)
    outcomes = []
    for _ in range(500):
        (x1, x2), (y1, y2) = np.sort(rng.integers(-6, 19, (2, 2)), axis=1).tolist()
        covered = pixels((x1, y1, x2, y2))
        inside = covered & IMAGE
        if not covered or len(inside) < len(covered) / 2:
            with pytest.raises(ValueError, match='no area' if not covered else 'beyond'):
                fit_box((x1, y1, x2, y2), WIDTH, HEIGHT)
            outcomes.append('refused')
            continue
        box, clipped = fit_box((x1, y1, x2, y2), WIDTH, HEIGHT)
        assert pixels(box) == inside
        assert clipped == (inside != covered)
        outcomes.append(clipped)
    assert {'refused', True, False} == set(outcomes)


@pytest.mark.parametrize('place', range(4))
@pytest.mark.parametrize('value', [math.inf, -math.inf, math.nan])
def test_a_coordinate_that_is_no_number_is_refused(place: int, value: float) -> None:
    box = [1.0, 1.0, 5.0, 5.0]
    box[place] = value
    with pytest.raises(ValueError, match='no place'):
        fit_box(box, WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ('box', 'reason'),
    [
        ((5, 5, 2, 8), 'no area'),
        ((5, 5, 5, 8), 'no area'),
        ((-1, -1, 0, 0), 'beyond the 13 x 9 image'),
        ((0, 0, 1e300, 1e300), '100% beyond'),
        ((-1e300, 0, 1e300, 9), '100% beyond'),
        ((130, 90, 140, 99), 'beyond the 13 x 9 image'),
        ((0.25, 0.5, 0.75, 1), 'fractions of the image; write pixels'),
    ],
)
def test_a_box_that_cannot_be_meant_is_refused(box: tuple[float, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        fit_box(box, WIDTH, HEIGHT)


def test_a_box_of_one_pixel_is_no_fraction() -> None:
    assert fit_box((0, 0, 1, 1), WIDTH, HEIGHT) == ((0, 0, 1, 1), False)
    assert not are_fractions((0, 0, 1, 1))
    assert not are_fractions((0.5, 0.5, 0.75, 1.25))
    assert fit_box((0.5, 0.5, 0.75, 1.25), WIDTH, HEIGHT) == ((0.5, 0.5, 0.75, 1.25), False)
