"""Terms beside the loss that keep a fine-tuned network near the one it started from, or its features from harm."""

from .bss import BSS, smallest_singular_values
from .channel_weights import fit_linear_classifier, mask_filters
from .delta import DELTA
from .distance import half_squared_distance
from .feature_rows import watch_feature_rows
from .l2sp import L2SP
from .regularizers import Regularizers
from .source import SourceWeights, pretrained_parts, weights_of_layers
from .term import Term

__all__ = [
    'BSS',
    'DELTA',
    'L2SP',
    'Regularizers',
    'SourceWeights',
    'Term',
    'fit_linear_classifier',
    'half_squared_distance',
    'mask_filters',
    'pretrained_parts',
    'smallest_singular_values',
    'watch_feature_rows',
    'weights_of_layers',
]
