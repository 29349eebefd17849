"""The named augmentation distributions from which contrastive pre-training draws its views."""

import random
from typing import NamedTuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from cft.errors import ConfigError
from cft.registry import TRANSFORMS

from .gaussian_blur import gaussian_blur
from .hue import adjust_hue
from .photometric import adjust_brightness, adjust_contrast, adjust_saturation, solarize, to_grey
from .random_crop import draw_crop, resize_crop

FLIP_PROB = 0.5
BLUR_SIGMAS = (0.1, 2.0)


class Distribution(NamedTuple):
    """Probabilities and strengths of what follows crop and flip."""

    jitter_prob: float
    brightness: float
    contrast: float
    saturation: float
    hue: float
    grey_prob: float
    blur_prob: float
    solarize_prob: float


# SCE, table 2. 'strong' is also MoCo-v2's, 'strong-alpha' and 'strong-beta' are BYOL's.
# 'swav' is the one of SwAV and DeepCluster-v2 (multicropdataset.py of their released code).
DISTRIBUTIONS = {
    # jitter: prob, brightness, contrast, saturation, hue; then the probs of grey, blur, solarize
    'weak': Distribution(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    'strong': Distribution(0.8, 0.4, 0.4, 0.4, 0.1, 0.2, 0.5, 0.0),
    'strong-alpha': Distribution(0.8, 0.4, 0.4, 0.2, 0.1, 0.2, 1.0, 0.0),
    'strong-beta': Distribution(0.8, 0.4, 0.4, 0.2, 0.1, 0.2, 0.1, 0.2),
    'strong-gamma': Distribution(0.8, 0.4, 0.4, 0.2, 0.1, 0.2, 0.5, 0.2),
    'swav': Distribution(0.8, 0.8, 0.8, 0.8, 0.2, 0.2, 0.5, 0.0),
}

JITTER = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)


@TRANSFORMS.register_module()
class ViewAugment(BaseTransform):
    """Draw one view of an image from a named augmentation distribution.

    In SimCLR's order: random crop resized bilinearly, horizontal flip with
    probability 0.5, colour jitter (brightness, contrast, saturation and hue in
    random order), grey, Gaussian blur of a standard deviation uniform in
    [0.1, 2.0] pixels, solarization of values from 128 on. A step of
    probability 0 draws no number. Each step is Pillow's, as torchvision and the
    released codes use it.

    ``results['img']`` is (H, W, 3) uint8 in the order blue, green, red, as
    mmcv loads images, or grey, (H, W) or (H, W, 1), which becomes three equal
    channels; it is not written to. The view is (size, size, 3) uint8, its
    channels one after the other in memory, as a batch takes them. The random
    numbers are those of :mod:`numpy.random` and :mod:`random`.

    Args:
        distribution: ``'weak'``, ``'strong'``, ``'strong-alpha'``,
            ``'strong-beta'`` or ``'strong-gamma'`` (SCE, table 2), or
            ``'swav'`` (SwAV, DeepCluster-v2).
        size: Side of the view in pixels.
        crop_ratio_range: Smallest and largest part of the image's area in a
            crop; its aspect ratio lies in [3/4, 4/3].

    Raises:
        ConfigError: If the distribution is unknown, size or range are
            impossible, or an image is not as described.

    Example:
        >>> view = ViewAugment('strong', size=32)({'img': np.zeros((48, 64, 3), np.uint8)})
        >>> view['img'].shape
        (32, 32, 3)
    """

    def __init__(self, distribution: str, size: int, crop_ratio_range: tuple[float, float] = (0.2, 1.0)) -> None:
        if distribution not in DISTRIBUTIONS:
            raise ConfigError(f'ViewAugment knows no distribution {distribution!r}; it knows {list(DISTRIBUTIONS)}')
        if size < 1:
            raise ConfigError(f'ViewAugment: size must be at least 1 pixel, got {size}')
        smallest, largest = crop_ratio_range
        if not 0 < smallest <= largest <= 1:
            raise ConfigError(f'ViewAugment: crop_ratio_range must be 0 < min <= max <= 1, got {crop_ratio_range}')
        self.distribution = distribution
        self.size = size
        self.crop_ratio_range = (smallest, largest)

    def transform(self, results: dict) -> dict:
        """Replace ``results['img']`` by a view of it, and ``img_shape`` by the view's (H, W)."""
        image = _three_channels(results['img'])
        height, width = image.shape[:2]
        view = resize_crop(image, draw_crop(height, width, self.crop_ratio_range), self.size)
        if np.random.rand() < FLIP_PROB:
            view = cv2.flip(view, 1)
        view = _change_appearance(view, DISTRIBUTIONS[self.distribution])
        planes = np.empty((3, self.size, self.size), np.uint8)
        cv2.split(view, list(planes))
        results['img'], results['img_shape'] = planes.transpose(1, 2, 0), view.shape[:2]
        return results

    def __repr__(self) -> str:
        return (
            f'ViewAugment(distribution={self.distribution!r}, size={self.size}, '
            f'crop_ratio_range={self.crop_ratio_range})'
        )


def _change_appearance(view: np.ndarray, row: Distribution) -> np.ndarray:
    if row.jitter_prob and np.random.rand() < row.jitter_prob:
        view = _jitter(view, row)
    if row.grey_prob and random.random() < row.grey_prob:
        view = to_grey(view)
    if row.blur_prob and np.random.rand() < row.blur_prob:
        view = gaussian_blur(view, np.random.uniform(*BLUR_SIGMAS))
    if row.solarize_prob and np.random.rand() < row.solarize_prob:
        view = solarize(view)
    return view


def _jitter(view: np.ndarray, row: Distribution) -> np.ndarray:
    order = np.random.permutation(4)
    strengths = (row.brightness, row.contrast, row.saturation)
    factors = [np.random.uniform(1 - strength, 1 + strength) for strength in strengths]
    factors.append(np.random.uniform(-row.hue, row.hue))
    for step in order:
        view = JITTER[step](view, factors[step])
    return view


def _three_channels(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
        return image
    if image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2:] == (1,)):
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    raise ConfigError(
        f'ViewAugment needs uint8 images of 3 channels or 1, got {image.dtype} {image.shape}; '
        'put it right after the loading of the image'
    )
