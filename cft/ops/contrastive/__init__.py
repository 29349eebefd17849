"""Exact contrastive losses in memory linear in the batch, and in the candidates.

Everything that a supervised contrastive loss is made of are sums over the
similarities of an anchor to the others: :func:`batch_statistics` takes them in
one pass over tiles, and their gradient in a second one. What a loss of two
views takes of its candidates is :func:`softmax_moments`, in one pass. What a
loss makes of the sums is a few operations on vectors.
"""

from .differentiable import BatchStatistics, batch_statistics
from .rows import Rows
from .softmax_moments import SoftmaxMoments, softmax_moments
from .statistics import Statistics, Weights, lowest

__all__ = [
    'BatchStatistics',
    'Rows',
    'SoftmaxMoments',
    'Statistics',
    'Weights',
    'batch_statistics',
    'lowest',
    'softmax_moments',
]
