"""Fine-tuning for object detection; needs mmdet."""

from .res5_extra_norm import Res5ExtraNorm
from .roi_head import ContrastiveRoIHead
from .roi_sampler import RoISampler

__all__ = ['ContrastiveRoIHead', 'Res5ExtraNorm', 'RoISampler']
