"""Exact contrastive losses in memory linear in the batch and the queue.

Everything that a supervised contrastive loss is made of are sums over the
similarities of an anchor to the others: :func:`batch_statistics` takes them in
one pass over tiles, and their gradient in a second one. Losses that compare
with a queue or with prototypes are made of the softmax over these candidates
and their mean under it: :func:`softmax_moments` takes both in one pass. What a
loss makes of the sums is a few operations on vectors.
"""

from .differentiable import BatchStatistics, batch_statistics
from .moments import SoftmaxMoments, softmax_moments
from .rows import Rows
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
