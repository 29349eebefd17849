"""What an attack refuses before it costs a forward pass."""

import math

import torch
from torch import Tensor

from cft.errors import ConfigError


def check_attack(norm: str, epsilon: float, step: float, num_steps: int) -> None:
    """Refuse settings that no attack can have."""
    if norm not in ('linf', 'l2'):
        raise ConfigError(f"norm of an attack must be 'linf' or 'l2', got {norm!r}")
    for name, value in (('epsilon', epsilon), ('step', step)):
        if not 0 < value < math.inf:
            raise ConfigError(f'{name} of an attack must be positive and finite, in pixel values, got {value}')
    if not isinstance(num_steps, int) or num_steps < 1:
        raise ConfigError(f'num_steps of an attack must be a positive integer, got {num_steps!r}')


def check_pixels(images: Tensor, low: float, high: float) -> None:
    """Refuse images that are no batch of pixel values, such as normalised ones."""
    if images.dim() != 4 or not images.is_floating_point():
        raise ConfigError(f'an attack takes floating (N, C, H, W) images, got {images.dtype} {tuple(images.shape)}')
    if images.numel():
        least, most = torch.aminmax(images.detach())
        if not (least >= low and most <= high):
            raise ConfigError(
                f'images lie in [{least:.4g}, {most:.4g}], outside the pixel values [{low:g}, {high:g}]: '
                'pass them before normalisation, and normalise in loss_of'
            )
