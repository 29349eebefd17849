"""Pair generators: what is mixed with what, and the mixed targets."""

from .base import MixedPairs, PairGenerator
from .cut_mixed import CutMixed, cutmix
from .hard_pair import HardPairMixup
from .manifold_mixup import ManifoldMixup

__all__ = ['CutMixed', 'HardPairMixup', 'ManifoldMixup', 'MixedPairs', 'PairGenerator', 'cutmix']
