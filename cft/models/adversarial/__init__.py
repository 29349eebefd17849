"""Adversarial examples, and BatchNorm statistics of their own for them."""

from .auxiliary_batch_norm import AuxiliaryBatchNorm1d, AuxiliaryBatchNorm2d, auxiliary_statistics
from .convert_batch_norm import convert_to_auxiliary
from .perturb import perturb, signed_gradient_step
from .pgd import PGD

__all__ = [
    'PGD',
    'AuxiliaryBatchNorm1d',
    'AuxiliaryBatchNorm2d',
    'auxiliary_statistics',
    'convert_to_auxiliary',
    'perturb',
    'signed_gradient_step',
]
