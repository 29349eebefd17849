"""Numerical building blocks on plain tensors."""

from .finite import all_finite, names_of_non_finite
from .gather import (
    distinct_across_ranks,
    gather_rows,
    gather_rows_with_grad,
    is_distributed,
    rank_offset,
    row_counts,
)
from .kmeans import spherical_kmeans
from .normalize import l2_normalize
from .precision import arithmetic_type, full_precision
from .row_blocks import by_row_blocks
from .shuffle import shuffle_rows
from .spread import relation_entropy, unit_row_moments, unit_row_std
from .subsets import balanced_subset, rank_within
from .value_checks import check_values

__all__ = [
    'all_finite',
    'arithmetic_type',
    'balanced_subset',
    'by_row_blocks',
    'check_values',
    'distinct_across_ranks',
    'full_precision',
    'gather_rows',
    'gather_rows_with_grad',
    'is_distributed',
    'l2_normalize',
    'names_of_non_finite',
    'rank_offset',
    'rank_within',
    'relation_entropy',
    'row_counts',
    'shuffle_rows',
    'spherical_kmeans',
    'unit_row_moments',
    'unit_row_std',
]
