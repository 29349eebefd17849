"""The named augmentation distributions from which contrastive pre-training draws its views."""

import warnings
from typing import NamedTuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform, Compose, RandomApply, RandomFlip, RandomGrayscale
from mmpretrain.datasets.transforms import ColorJitter, GaussianBlur, RandomResizedCrop, Solarize

from cft.errors import ConfigError
from cft.registry import TRANSFORMS

# torchvision's weights of blue, green and red in grey; mmcv's default is their plain mean.
GREY_WEIGHTS = (0.114, 0.587, 0.2989)
BLUR_RADII = (0.1, 2.0)
SOLARIZE_THRESHOLD = 128

# mmcv's word, in every worker, on an argument that colour jitter does not use.
warnings.filterwarnings('ignore', message="Only use 'alpha' for pillow backend")


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


@TRANSFORMS.register_module()
class ViewAugment(BaseTransform):
    """Draw one view of an image from a named augmentation distribution.

    In SimCLR's order: random crop resized with Pillow's bicubic filter,
    horizontal flip with probability 0.5, colour jitter (brightness, contrast,
    saturation and hue in random order), grey, Gaussian blur of a radius
    uniform in [0.1, 2.0] pixels, solarization of values from 128 on. A step of
    probability 0 is left out.

    ``results['img']`` is (H, W, 3) uint8 in the order blue, green, red, as
    mmcv loads images, or grey, (H, W) or (H, W, 1), which becomes three equal
    channels. The view is (size, size, 3) uint8. The random numbers are those of
    :mod:`numpy.random` and :mod:`random`, which MMEngine seeds in every worker.

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
        crop = RandomResizedCrop(size, self.crop_ratio_range, interpolation='bicubic', backend='pillow')
        flip = RandomFlip(prob=0.5, direction='horizontal')
        self.steps = Compose([crop, flip, *_appearance_steps(DISTRIBUTIONS[distribution])])

    def transform(self, results: dict) -> dict:
        """Replace ``results['img']`` by a view of it."""
        results['img'] = _three_channels(results['img'])
        return self.steps(results)

    def __repr__(self) -> str:
        return (
            f'ViewAugment(distribution={self.distribution!r}, size={self.size}, '
            f'crop_ratio_range={self.crop_ratio_range})'
        )


def _appearance_steps(row: Distribution) -> list[BaseTransform]:
    jitter = ColorJitter(row.brightness, row.contrast, row.saturation, row.hue)
    steps = [
        (row.jitter_prob, RandomApply(jitter, row.jitter_prob)),
        (row.grey_prob, RandomGrayscale(row.grey_prob, keep_channels=True, channel_weights=GREY_WEIGHTS)),
        # magnitude_std='inf' draws the radius uniformly from its range.
        (row.blur_prob, GaussianBlur(magnitude_range=BLUR_RADII, magnitude_std='inf', prob=row.blur_prob)),
        (row.solarize_prob, Solarize(SOLARIZE_THRESHOLD, row.solarize_prob)),
    ]
    return [step for prob, step in steps if prob > 0]


def _three_channels(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
        return image
    if image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2:] == (1,)):
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    raise ConfigError(
        f'ViewAugment needs uint8 images of 3 channels or 1, got {image.dtype} {image.shape}; '
        'put it right after the loading of the image'
    )
