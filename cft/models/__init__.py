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
from .classification import ContrastiveClsHead, FineTuneClassifier, MultiViewDataPreprocessor
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
from .selfsup import SCE, HardExamples, HEXAMoCo, MoCoV2, MomentumContrast, ReSSL, SplitBatchNorm2d

__all__ = [
    'PGD',
    'SCE',
    'AuxiliaryBatchNorm1d',
    'AuxiliaryBatchNorm2d',
    'ContrastiveBranch',
    'ContrastiveClsHead',
    'CutMixed',
    'FineTuneClassifier',
    'FocalSupConLoss',
    'HEXAMoCo',
    'HardExamples',
    'HardPairMixup',
    'InfoNCELoss',
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
