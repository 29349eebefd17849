"""Adversarial examples."""

from .attacked_model import under_attack
from .attacks import LOSS_SCALE, move_along_sign, perturb, signed_gradient_step
from .pgd import PGD
from .pixel_space import PixelSpace
from .robustness import least_fooling_epsilon, random_corners

__all__ = [
    'LOSS_SCALE',
    'PGD',
    'PixelSpace',
    'least_fooling_epsilon',
    'move_along_sign',
    'perturb',
    'random_corners',
    'signed_gradient_step',
    'under_attack',
]
