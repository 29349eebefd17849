"""Models and their parts."""

from .adversarial import (
    PGD,
    AuxiliaryBatchNorm1d,
    AuxiliaryBatchNorm2d,
    auxiliary_statistics,
    convert_to_auxiliary,
    perturb,
    signed_gradient_step,
)
from .branches import ContrastiveBranch
from .classification import (
    ContrastiveClsHead,
    FineTuneClassifier,
    FrozenBackboneClassifier,
    MultiViewDataPreprocessor,
)
from .local_batch_norm import LocalBatchNorm
from .losses import (
    FocalSupConLoss,
    InfoNCELoss,
    PrototypeLoss,
    ReSSLLoss,
    SCELoss,
    SCETermsLoss,
    SCHaNeLoss,
    SupConLoss,
)
from .pairs import CutMixed, HardPairMixup, ManifoldMixup, MixedPairs, cutmix
from .projectors import MLPProjector
from .selfsup import (
    SCE,
    DeepClusterV2,
    HardExamples,
    HEXADCluster,
    HEXAMoCo,
    MoCoV2,
    MomentumContrast,
    ReSSL,
    SplitBatchNorm2d,
)

__all__ = [
    'PGD',
    'SCE',
    'AuxiliaryBatchNorm1d',
    'AuxiliaryBatchNorm2d',
    'ContrastiveBranch',
    'ContrastiveClsHead',
    'CutMixed',
    'DeepClusterV2',
    'FineTuneClassifier',
    'FocalSupConLoss',
    'FrozenBackboneClassifier',
    'HEXADCluster',
    'HEXAMoCo',
    'HardExamples',
    'HardPairMixup',
    'InfoNCELoss',
    'LocalBatchNorm',
    'MLPProjector',
    'ManifoldMixup',
    'MixedPairs',
    'MoCoV2',
    'MomentumContrast',
    'MultiViewDataPreprocessor',
    'PrototypeLoss',
    'ReSSL',
    'ReSSLLoss',
    'SCELoss',
    'SCETermsLoss',
    'SCHaNeLoss',
    'SplitBatchNorm2d',
    'SupConLoss',
    'auxiliary_statistics',
    'convert_to_auxiliary',
    'cutmix',
    'perturb',
    'signed_gradient_step',
]
