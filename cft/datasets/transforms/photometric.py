"""Brightness, contrast, saturation, grey and solarization of 8-bit images as Pillow defines them, by OpenCV.

Each step clips and cuts off to whole grey levels before the next one, as in Pillow. So steps are not joined into one
matrix, whose views would differ where anything is clipped.
"""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

# OpenCV rounds to the nearest level, Pillow cuts off. What lacks to a half is above float32's errors.
CUT_OFF = -0.49996


def adjust_brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with black (Pillow, ``ImageEnhance.Brightness``).

    Args:
        image: (H, W, 3) uint8.
        factor: From 0, black, over 1, the image itself, to brighter ones.

    Example:
        >>> adjust_brightness(np.full((1, 1, 3), 101, np.uint8), 1.5).tolist()
        [[[151, 151, 151]]]
    """
    return cv2.addWeighted(image, factor, image, 0, CUT_OFF)


def adjust_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with the mean of its grey (Pillow, ``ImageEnhance.Contrast``).

    Args:
        image: (H, W, 3) uint8; B, G, R.
        factor: From 0, even grey, over 1, the image itself, to stronger contrast.

    Example:
        >>> adjust_contrast(np.array([[[100] * 3, [120] * 3]], np.uint8), 0.5)[0, :, 0].tolist()
        [105, 115]
    """
    mean = cast(Sequence[float], cv2.mean(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))[0]
    return cv2.addWeighted(image, factor, image, 0, (1 - factor) * int(mean + 0.5) + CUT_OFF)


def adjust_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """Blend with its grey (Pillow, ``ImageEnhance.Color``).

    Args:
        image: (H, W, 3) uint8; B, G, R.
        factor: From 0, grey, over 1, the image itself, to stronger colours.

    Example:
        >>> adjust_saturation(np.array([[[0, 0, 200]]], np.uint8), 0).tolist()
        [[[60, 60, 60]]]
    """
    return cv2.addWeighted(image, factor, to_grey(image), 1 - factor, CUT_OFF)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Three equal channels of ITU-R 601 luma (Pillow's mode ``L``).

    Args:
        image: (H, W, 3) uint8; B, G, R.

    Example:
        >>> to_grey(np.array([[[0, 0, 200]]], np.uint8)).tolist()
        [[[60, 60, 60]]]
    """
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def solarize(image: np.ndarray) -> np.ndarray:
    """Invert the values from 128 on (Pillow, ``ImageOps.solarize`` with its threshold).

    Args:
        image: (H, W, 3) uint8.

    Example:
        >>> solarize(np.array([[[0, 127, 128], [200, 255, 1]]], np.uint8)).tolist()
        [[[0, 127, 127], [55, 0, 1]]]
    """
    return cv2.min(image, cv2.bitwise_not(image))
