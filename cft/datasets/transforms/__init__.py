"""Transforms that OpenMMLab lacks."""

from .gaussian_noise import GaussianNoise

__all__ = ['GaussianNoise']
