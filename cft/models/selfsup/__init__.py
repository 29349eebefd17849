"""Self-supervised pre-training."""

from .feature_queue import FeatureQueue
from .methods import SCE, MoCoV2, ReSSL
from .momentum_contrast import MomentumContrast
from .split_batch_norm import SplitBatchNorm2d

__all__ = ['SCE', 'FeatureQueue', 'MoCoV2', 'MomentumContrast', 'ReSSL', 'SplitBatchNorm2d']
