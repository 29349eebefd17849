"""Gaussian blur: Pillow's."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from cft.datasets.transforms.gaussian_blur import box_of, gaussian_blur

SIGMAS = [0.1, 0.2113, 0.37, 0.5557, 0.8123, 1.0117, 1.3, 1.4142, 1.57, 1.777, 1.9901]


@pytest.mark.parametrize('shape', [(64, 48), (1, 1), (1, 30), (30, 2), (3, 5)])
def test_equals_pillow(shape: tuple[int, int]) -> None:
    """A level apart where exactly half a level comes out of a pass."""
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for sigma in SIGMAS:
        expected = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma))).astype(int)
        found = gaussian_blur(image, sigma)
        difference = np.abs(found - expected)
        assert found.shape == image.shape and found.dtype == np.uint8
        assert difference.max() <= 1
        assert image.size < 1000 or difference.mean() < 0.02


@pytest.mark.parametrize('sigma', SIGMAS)
def test_box(sigma: float) -> None:
    """Three of them have the Gaussian's variance; weights fall only at the ends."""
    box = box_of(sigma)
    places = np.arange(len(box)) - len(box) // 2
    assert box.sum() == pytest.approx(1)
    assert 3 * (box * places**2).sum() == pytest.approx(sigma**2)
    assert np.array_equal(box, box[::-1]) and (0 <= box[0] <= box[1]) and np.ptp(box[1:-1]) == 0


def test_even_image_stays() -> None:
    for level in (0, 1, 128, 254, 255):
        image = np.full((9, 11, 3), level, np.uint8)
        assert all(np.array_equal(gaussian_blur(image, sigma), image) for sigma in SIGMAS)
