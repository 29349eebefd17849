"""BatchNorms: for vectors and maps alike, of parts of a batch, with statistics of their own for adversarial inputs."""

from .auxiliary import (
    AuxiliaryBatchNorm1d,
    AuxiliaryBatchNorm2d,
    AuxiliaryLocalBatchNorm,
    AuxiliarySplitBatchNorm2d,
    AuxiliaryStatistics,
    AuxiliarySyncBatchNorm,
    agree_at_the_start,
    auxiliary_statistics,
)
from .conversion import convert_to_auxiliary
from .local import LocalBatchNorm
from .split import SplitBatchNorm2d, split_batch_norms
from .synchronised import SynchronisedBatchNorm

__all__ = [
    'AuxiliaryBatchNorm1d',
    'AuxiliaryBatchNorm2d',
    'AuxiliaryLocalBatchNorm',
    'AuxiliarySplitBatchNorm2d',
    'AuxiliaryStatistics',
    'AuxiliarySyncBatchNorm',
    'LocalBatchNorm',
    'SplitBatchNorm2d',
    'SynchronisedBatchNorm',
    'agree_at_the_start',
    'auxiliary_statistics',
    'convert_to_auxiliary',
    'split_batch_norms',
]
