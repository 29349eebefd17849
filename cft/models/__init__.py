"""Models and their parts."""

from .branches import ContrastiveBranch
from .classification import ContrastiveClsHead, FineTuneClassifier, MultiViewDataPreprocessor
from .losses import FocalSupConLoss, InfoNCELoss, ReSSLLoss, SCELoss, SCHaNeLoss, SupConLoss
from .pairs import HardPairMixup, ManifoldMixup, MixedPairs
from .projectors import MLPProjector
from .selfsup import SCE, MoCoV2, MomentumContrast, ReSSL, SplitBatchNorm2d

__all__ = [
    'SCE',
    'ContrastiveBranch',
    'ContrastiveClsHead',
    'FineTuneClassifier',
    'FocalSupConLoss',
    'HardPairMixup',
    'InfoNCELoss',
    'MLPProjector',
    'ManifoldMixup',
    'MixedPairs',
    'MoCoV2',
    'MomentumContrast',
    'MultiViewDataPreprocessor',
    'ReSSL',
    'ReSSLLoss',
    'SCELoss',
    'SCHaNeLoss',
    'SplitBatchNorm2d',
    'SupConLoss',
]
