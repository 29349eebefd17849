"""The hue of 8-bit images turned as Pillow does it, by look-up tables instead of a conversion there and back."""

import functools

import cv2
import numpy as np
from PIL import Image


def adjust_hue(image: np.ndarray, factor: float) -> np.ndarray:
    """Turn the hue in Pillow's HSV of 8 bits (torchvision, ``adjust_hue`` of a Pillow image).

    The hue and the saturation are read from tables that Pillow itself fills; that back is its formula. A channel is
    ``V - V * S * k``, where ``k`` is 0 at the channel's own hue and 1 from the next but one on.

    Args:
        image: (H, W, 3) uint8; B, G, R.
        factor: Part of the circle, in [-0.5, 0.5].

    Example:
        >>> adjust_hue(np.array([[[0, 0, 255]]], np.uint8), 1 / 3).tolist()
        [[[0, 255, 0]]]
    """
    blue, green, red = cv2.split(image)
    value, low = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    hue = _hue(blue - low, green - low, red - low)
    # V * S of 255
    spread = _spreads().take(_joined(value - low, value))
    value = value.astype(np.float32)
    shift = int(factor * 255) % 256
    turned = _distances()[:, shift : shift + 256]
    # OpenCV rounds to whole levels here.
    return cv2.merge([cv2.convertScaleAbs(value - spread * cv2.LUT(hue, line)) for line in turned])


def _hue(blue: np.ndarray, green: np.ndarray, red: np.ndarray) -> np.ndarray:
    """Pillow's hue of planes of which one is 0 in each pixel; the other two find it in the table of the third."""
    # Of pixels with red and blue, there green is 0.
    both = blue * (red > 0)
    without = (blue > 0).view(np.uint8) + (both > 0).view(np.uint8)
    return _hues().take(_joined(red | (blue - both), green | both, without, np.zeros_like(without)))


def _joined(*planes: np.ndarray) -> np.ndarray:
    """Two or four planes of bytes as one of numbers, the first byte the lowest."""
    kind = {2: '<u2', 4: '<u4'}[len(planes)]
    return cv2.merge(planes).view(kind)[..., 0]


@functools.cache
def _hues() -> np.ndarray:
    """(3 * 256 * 256,) hues of the colours without blue, without red and without green."""
    first, second = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    none = np.zeros_like(first)
    colours = np.stack(
        [np.dstack([first, second, none]), np.dstack([none, second, first]), np.dstack([first, none, second])]
    )
    return np.asarray(Image.fromarray(colours.reshape(-1, 256, 3)).convert('HSV'))[..., 0].ravel()


@functools.cache
def _spreads() -> np.ndarray:
    """(256 * 256,) float32: V * S by V and by the difference between a colour's largest and smallest channel."""
    spread, value = np.meshgrid(np.arange(256), np.arange(256))
    low = np.maximum(value - spread, 0)
    colours = np.dstack([value, low, low]).astype(np.uint8)
    saturation = np.asarray(Image.fromarray(colours).convert('HSV'))[..., 1]
    return (value * saturation.astype(np.float32)).ravel().astype(np.float32)


@functools.cache
def _distances() -> np.ndarray:
    """(3, 512) float32, of 1 / 255: how far blue, green and red are from the largest at each hue, twice around."""
    hue = 6 * (np.arange(512) % 256) / 255
    own = np.array([4, 2, 0])[:, None]
    return (np.clip(abs((hue - own + 3) % 6 - 3) - 1, 0, 1) / 255).astype(np.float32)
