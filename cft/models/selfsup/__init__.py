"""Self-supervised pre-training."""

from .deep_cluster import DeepClusterV2
from .feature_memory import FeatureMemory
from .feature_queue import FeatureQueue
from .hard_examples import HardExamples
from .hexa_dcluster import HEXADCluster
from .hexa_moco import HEXAMoCo
from .methods import SCE, MoCoV2, ReSSL
from .momentum_contrast import MomentumContrast
from .pixel_space import PixelSpace
from .split_batch_norm import SplitBatchNorm2d
from .view_pairs import view_pairs

__all__ = [
    'SCE',
    'DeepClusterV2',
    'FeatureMemory',
    'FeatureQueue',
    'HEXADCluster',
    'HEXAMoCo',
    'HardExamples',
    'MoCoV2',
    'MomentumContrast',
    'PixelSpace',
    'ReSSL',
    'SplitBatchNorm2d',
    'view_pairs',
]
