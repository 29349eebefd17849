"""Backgrounds on which brightness alone does not find the object."""

import cv2
import numpy as np


def random_colour(
    rng: np.random.Generator, saturation: tuple[int, int], value: tuple[int, int], hue: float | None = None
) -> np.ndarray:
    """(3,) float32 RGB in 0 to 255, with saturation and value from ranges within 0 to 255.

    The hue is in half degrees, taken modulo 180; by default any.
    """
    angle = int(rng.integers(180)) if hue is None else round(hue) % 180
    hsv = np.array([[[angle, rng.integers(*saturation), rng.integers(*value)]]], np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)


def smooth_noise(rng: np.random.Generator, size: int, cells: int) -> np.ndarray:
    """(size, size) float32 in [0, 1] that changes over about ``size / cells`` pixels."""
    coarse = rng.random((cells, cells), dtype=np.float32)
    return np.clip(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), 0, 1)


def textured_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) float32 RGB in 0 to 255: two colours mixed by coarse and fine noise."""
    first, second = (random_colour(rng, (0, 200), (40, 230)) for _ in range(2))
    mix = 0.6 * smooth_noise(rng, size, 4) + 0.4 * smooth_noise(rng, size, max(8, size // 5))
    return first + mix[..., None] * (second - first)


def add_noise(rng: np.random.Generator, image: np.ndarray, deviation: float) -> np.ndarray:
    """uint8 image with Gaussian noise on every value, limited to 0 to 255 as a camera does."""
    noisy = image + rng.normal(0, deviation, image.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)
