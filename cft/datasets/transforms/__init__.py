"""Transforms that OpenMMLab lacks."""

from .gaussian_noise import GaussianNoise
from .view_augment import ViewAugment

__all__ = ['GaussianNoise', 'ViewAugment']
