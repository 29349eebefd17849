"""Additive pixel noise."""

import numpy as np
from mmcv.transforms import BaseTransform

from cft.registry import TRANSFORMS


@TRANSFORMS.register_module()
class GaussianNoise(BaseTransform):
    """Add normal noise to an image, the same in all channels.

    Args:
        max_std: The standard deviation is drawn from [0, max_std], in grey
            levels of 255.
        prob: Probability of adding noise at all.

    Example:
        >>> GaussianNoise(max_std=20)({'img': np.zeros((8, 8, 3), np.uint8)})['img'].dtype
        dtype('uint8')
    """

    def __init__(self, max_std: float, prob: float = 1.0) -> None:
        self.max_std = max_std
        self.prob = prob

    def transform(self, results: dict) -> dict:
        if np.random.rand() >= self.prob:
            return results
        image = results['img']
        shape = (*image.shape[:2], 1)[: image.ndim]
        noise = np.random.standard_normal(shape) * np.random.uniform(0, self.max_std)
        results['img'] = np.clip(np.round(image + noise), 0, 255).astype(np.uint8)
        return results
