"""Transforms that OpenMMLab lacks."""

from .gaussian_noise import GaussianNoise
from .load_image import LoadImage
from .multi_view import MultiView
from .view_augment import ViewAugment

__all__ = ['GaussianNoise', 'LoadImage', 'MultiView', 'ViewAugment']
