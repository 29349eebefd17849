"""Transforms that OpenMMLab lacks."""

from .gaussian_noise import GaussianNoise
from .load_image import LoadImage
from .view_augment import ViewAugment

__all__ = ['GaussianNoise', 'LoadImage', 'ViewAugment']
