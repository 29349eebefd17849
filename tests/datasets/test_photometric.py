"""Colour steps: Pillow's, as torchvision uses them, with the same factors."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps
from torchvision.transforms import functional as tv

from cft.datasets.transforms.hue import adjust_hue
from cft.datasets.transforms.photometric import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    solarize,
    to_grey,
)

Step = Callable[[np.ndarray, float], np.ndarray]
FACTORS = [0.0, 0.2, 0.6123, 0.95, 1.0, 1.0611, 1.4, 1.8]
COLOURS = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
# Every grey, and the corners of the cube with what lies next to them.
LEVELS = np.array([0, 1, 127, 128, 254, 255], np.uint8)
EXTREMES = np.stack(np.meshgrid(LEVELS, LEVELS, LEVELS), axis=-1).reshape(6, 36, 3)
GREYS = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
IMAGES = [COLOURS, EXTREMES, GREYS, COLOURS[:1, :1]]


def by_pillow(step: Callable, image: np.ndarray, *arguments: float) -> np.ndarray:
    changed = step(Image.fromarray(np.ascontiguousarray(image[..., ::-1])), *arguments)
    return np.asarray(changed)[..., ::-1].astype(int)


@pytest.mark.parametrize(
    ('step', 'reference'),
    [
        (adjust_brightness, tv.adjust_brightness),
        (adjust_contrast, tv.adjust_contrast),
        (adjust_saturation, tv.adjust_saturation),
    ],
)
def test_blending(step: Step, reference: Callable) -> None:
    """A level apart in less than one value of a hundred: where exactly a whole level comes out."""
    for image in IMAGES:
        for factor in FACTORS:
            found = step(image, factor)
            difference = np.abs(found - by_pillow(reference, image, factor))
            assert found.dtype == np.uint8 and difference.max() <= 1
            assert image is not COLOURS or difference.mean() < 0.01
    assert np.array_equal(step(COLOURS, 1.0), COLOURS)


@pytest.mark.parametrize('factor', [-0.5, -0.2, -0.1, -0.003, 0.0, 0.004, 0.0371, 0.1, 0.2, 0.5])
def test_hue_is_pillows_own(factor: float) -> None:
    for image in IMAGES:
        found = adjust_hue(image, factor)
        assert found.dtype == np.uint8
        assert np.array_equal(found, by_pillow(tv.adjust_hue, image, factor))
    assert np.array_equal(adjust_hue(GREYS, factor), GREYS)


def test_grey() -> None:
    for image in IMAGES:
        difference = np.abs(to_grey(image) - by_pillow(lambda pillow: tv.to_grayscale(pillow, 3), image))
        assert difference.max() <= 1 and difference.mean() < 0.01
    assert np.array_equal(to_grey(GREYS), GREYS)


def test_solarization() -> None:
    for image in IMAGES:
        assert np.array_equal(solarize(image), by_pillow(lambda pillow: ImageOps.solarize(pillow, 128), image))


def test_images_stay_as_they_were() -> None:
    image = COLOURS.copy()
    for step in (adjust_brightness, adjust_contrast, adjust_saturation):
        step(image, 0.7)
    adjust_hue(image, 0.1)
    solarize(to_grey(image))
    assert np.array_equal(image, COLOURS)
