"""Self-supervised pre-training."""

from .deep_cluster import DeepClusterV2
from .feature_memory import FeatureMemory
from .feature_queue import FeatureQueue
from .hard_examples import HardExamples
from .hexa import HEXADCluster, HEXAMoCo
from .methods import SCE, MoCoV2, ReSSL
from .momentum_contrast import MomentumContrast
from .views import view_pairs

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
    'ReSSL',
    'view_pairs',
]
