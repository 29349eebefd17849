"""Adversarial examples, and BatchNorm statistics of their own for them."""

from .auxiliary_batch_norm import AuxiliaryBatchNorm1d, AuxiliaryBatchNorm2d, auxiliary_statistics
from .convert_batch_norm import convert_to_auxiliary
from .perturb import LOSS_SCALE, move_along_sign, perturb, signed_gradient_step
from .pgd import PGD

__all__ = [
    'LOSS_SCALE',
    'PGD',
    'AuxiliaryBatchNorm1d',
    'AuxiliaryBatchNorm2d',
    'auxiliary_statistics',
    'convert_to_auxiliary',
    'move_along_sign',
    'perturb',
    'signed_gradient_step',
]
