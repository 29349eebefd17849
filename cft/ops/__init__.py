"""Numerical building blocks on plain tensors."""

from .balanced_subset import balanced_subset, rank_within
from .gather import gather_rows, gather_rows_with_grad, is_distributed, rank_offset, row_counts
from .normalize import l2_normalize
from .precision import full_precision
from .shuffle import shuffle_rows
from .spherical_kmeans import spherical_kmeans

__all__ = [
    'balanced_subset',
    'full_precision',
    'gather_rows',
    'gather_rows_with_grad',
    'is_distributed',
    'l2_normalize',
    'rank_offset',
    'rank_within',
    'row_counts',
    'shuffle_rows',
    'spherical_kmeans',
]
