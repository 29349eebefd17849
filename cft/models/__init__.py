"""Models and their parts."""

from .adversarial import PGD, perturb, signed_gradient_step
from .backbones import AutoBackbone, ResNet12, TimmBackbone
from .branches import BiTuningBranch, ClassQueue, ContrastiveBranch
from .classification import (
    BiTuningClassifier,
    ContrastiveClsHead,
    FineTuneClassifier,
    FrozenBackboneClassifier,
    MultiViewDataPreprocessor,
)
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
from .necks import SimpleFeaturePyramid
from .norms import (
    AuxiliaryBatchNorm1d,
    AuxiliaryBatchNorm2d,
    LocalBatchNorm,
    SplitBatchNorm2d,
    auxiliary_statistics,
    convert_to_auxiliary,
)
from .pairs import CutMixed, HardPairMixup, ManifoldMixup, MixedPairs, cutmix
from .projectors import MLPProjector
from .regularizers import BSS, DELTA, L2SP, Regularizers
from .selfsup import (
    SCE,
    DeepClusterV2,
    HardExamples,
    HEXADCluster,
    HEXAMoCo,
    MoCoV2,
    MomentumContrast,
    ReSSL,
)

__all__ = [
    'BSS',
    'DELTA',
    'L2SP',
    'PGD',
    'SCE',
    'AutoBackbone',
    'AuxiliaryBatchNorm1d',
    'AuxiliaryBatchNorm2d',
    'BiTuningBranch',
    'BiTuningClassifier',
    'ClassQueue',
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
    'Regularizers',
    'ResNet12',
    'SCELoss',
    'SCETermsLoss',
    'SCHaNeLoss',
    'SimpleFeaturePyramid',
    'SplitBatchNorm2d',
    'SupConLoss',
    'TimmBackbone',
    'auxiliary_statistics',
    'convert_to_auxiliary',
    'cutmix',
    'perturb',
    'signed_gradient_step',
]
