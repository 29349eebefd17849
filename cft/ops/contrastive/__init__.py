"""Exact contrastive losses in memory linear in the batch.

Everything that a supervised contrastive loss is made of are sums over the
similarities of an anchor to the others: :func:`batch_statistics` takes them in
one pass over tiles, and their gradient in a second one. What a loss makes of
the sums is a few operations on vectors.
"""

from .differentiable import BatchStatistics, batch_statistics
from .rows import Rows
from .statistics import Statistics, Weights, lowest

__all__ = ['BatchStatistics', 'Rows', 'Statistics', 'Weights', 'batch_statistics', 'lowest']
