"""Draw a part of an image and resize it."""

import math

import numpy as np
import torch
from torch.nn import functional

ASPECT_RATIOS = (3 / 4, 4 / 3)
ATTEMPTS = 10

Box = tuple[int, int, int, int]


def draw_crop(height: int, width: int, area_range: tuple[float, float]) -> Box:
    """Draw a crop as torchvision's ``RandomResizedCrop`` does.

    Area and logarithm of the aspect ratio are uniform, and the place of what fits. After ten draws that do not fit it
    is the largest part around the centre with a possible aspect ratio.

    Args:
        height: Of the image in pixels.
        width: Of the image in pixels.
        area_range: Smallest and largest part of the image's area.

    Returns:
        Top, left, height and width in pixels.

    Example:
        >>> draw_crop(100, 300, (1.0, 1.0))
        (0, 83, 100, 133)
    """
    for _ in range(ATTEMPTS):
        area = np.random.uniform(*area_range) * height * width
        ratio = math.exp(np.random.uniform(math.log(ASPECT_RATIOS[0]), math.log(ASPECT_RATIOS[1])))
        wide, high = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < wide <= width and 0 < high <= height:
            return np.random.randint(height - high + 1), np.random.randint(width - wide + 1), high, wide
    ratio = min(max(width / height, ASPECT_RATIOS[0]), ASPECT_RATIOS[1])
    wide, high = min(width, round(height * ratio)), min(height, round(width / ratio))
    return (height - high) // 2, (width - wide) // 2, high, wide


def resize_crop(image: np.ndarray, box: Box, size: int) -> np.ndarray:
    """Resize a part of an image to a square by Pillow's bilinear filter, which averages where it shrinks.

    PyTorch carries it out, on the crop alone; it differs by one grey level in some pixels.

    Args:
        image: (H, W, 3) uint8.
        box: Top, left, height and width in pixels.
        size: Side of the square in pixels.

    Example:
        >>> resize_crop(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), (0, 0, 4, 4), size=2)[..., 0].tolist()
        [[11, 16], [29, 34]]
    """
    top, left, height, width = box
    crop = torch.from_numpy(image[None, top : top + height, left : left + width].copy())
    # Channels last in memory, before and after: what PyTorch's fast code for bytes takes.
    planes = crop.permute(0, 3, 1, 2)
    resized = functional.interpolate(planes, (size, size), mode='bilinear', align_corners=False, antialias=True)
    return resized[0].permute(1, 2, 0).contiguous().numpy()
