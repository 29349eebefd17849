"""Adversarial examples."""

from .attacks import LOSS_SCALE, move_along_sign, perturb, signed_gradient_step
from .pgd import PGD

__all__ = [
    'LOSS_SCALE',
    'PGD',
    'move_along_sign',
    'perturb',
    'signed_gradient_step',
]
