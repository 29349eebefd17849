"""What the code that papers released does otherwise than the papers, as parts that can be switched on alone."""

from .branch import ReleasedBranch
from .head import ReleasedClsHead
from .pairs import ReleasedHardPairMixup
from .sce import ZeroLogitSCELoss
from .supcon import ReleasedSupConLoss
from .supcontrast import SupContrastLoss

__all__ = [
    'ReleasedBranch',
    'ReleasedClsHead',
    'ReleasedHardPairMixup',
    'ReleasedSupConLoss',
    'SupContrastLoss',
    'ZeroLogitSCELoss',
]
