"""Fine-tuning for semantic segmentation; needs mmseg."""

from .encoder_decoder import ContrastiveEncoderDecoder
from .pixel_sampler import ClassRegionMean, PixelSampler

__all__ = ['ClassRegionMean', 'ContrastiveEncoderDecoder', 'PixelSampler']
