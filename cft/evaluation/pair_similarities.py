"""Cosine similarities of positive pairs, of one class, and of negative pairs, of two."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from cft.errors import ConfigError

from .feature_rows import blocks, checked_features, rows_by_class, unit_rows


@dataclass(frozen=True)
class SimilarityHistograms:
    """Distributions over all pairs of different images, each pair once.

    Attributes:
        edges: (bins + 1,) from -1 to 1.
        positive: (bins,) exact number of positive pairs; the last bin takes similarity 1.
        negative: (bins,) the same of negative pairs.
        positive_mean: Mean similarity, NaN if no class has two images.
        negative_mean: Mean similarity, NaN if there is one class.

    Example:
        >>> similarity_histograms(np.eye(2), np.array([0, 1]), bins=2).negative.tolist()
        [0, 1]
    """

    edges: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    positive_mean: float
    negative_mean: float


def mean_similarities(features: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean cosine similarity of positive and of negative pairs, linear in N.

    The similarities of all pairs of a set sum up to the square of the sum of
    its l2-normalised rows.

    Args:
        features: (N, D).
        labels: (N,) integers.

    Returns:
        Two numbers in [-1, 1]; NaN where there is no such pair.

    Raises:
        DataError: If a row is not finite.

    Example:
        >>> mean_similarities(np.array([[1., 0.], [2., 0.], [0., 1.]]), np.array([0, 0, 1]))
        (1.0, 0.0)
    """
    features, labels = checked_features(features, labels)
    sums, squares, sizes = [], [], []
    for members in rows_by_class(labels)[1]:
        parts = [unit_rows(features[members[part]]) for part in blocks(len(members))]
        sums.append(np.sum([rows.sum(axis=0) for rows in parts], axis=0))
        squares.append(sum(float(np.square(rows).sum()) for rows in parts))
        sizes.append(len(members))
    within = float(np.square(sums).sum())
    everything = float(np.square(np.sum(sums, axis=0)).sum())
    ordered = float(np.square(sizes).sum())
    return (
        _mean(within - sum(squares), ordered - len(labels)),
        _mean(everything - within, float(len(labels)) ** 2 - ordered),
    )


def _mean(total: float, pairs: float) -> float:
    return min(1.0, max(-1.0, total / pairs)) if pairs else float('nan')


def similarity_histograms(
    features: np.ndarray, labels: np.ndarray, bins: int = 100, block: int = 2048
) -> SimilarityHistograms:
    """Count the cosine similarities of all pairs (figure 3 of SCHaNe), in blocks.

    Similarities are rounded to 1e-12 before they are counted, so that a pair
    at an edge, as orthogonal ones at 0, falls into the upper bin whatever the
    order of the rows.

    Args:
        features: (N, D).
        labels: (N,) integers.
        bins: Number of bins of equal width.
        block: Rows and columns of a block of pairs.

    Raises:
        ConfigError: If there is no bin.
        DataError: If a row is not finite.

    Example:
        >>> found = similarity_histograms(np.array([[1., 0.], [2., 0.], [0., 1.]]), np.array([0, 0, 1]), bins=4)
        >>> found.positive.tolist(), found.negative.tolist()
        ([0, 0, 0, 1], [0, 0, 2, 0])
    """
    if bins < 1:
        raise ConfigError(f'similarity histograms need at least one bin: bins={bins}')
    features, labels = checked_features(features, labels)
    counts = np.zeros((2, bins), dtype=np.int64)
    for first, second in combinations_with_replacement(list(blocks(len(labels), block)), 2):
        similarities = np.round(unit_rows(features[first]) @ unit_rows(features[second]).T, 12)
        numbers = np.clip(np.floor((similarities + 1) * (bins / 2)), 0, bins - 1).astype(np.int64)
        numbers += bins * (labels[first, None] == labels[second])
        found = numbers[np.triu_indices(len(numbers), 1)] if first == second else numbers.ravel()
        counts += np.bincount(found, minlength=2 * bins).reshape(2, bins)
    means = mean_similarities(features, labels)
    return SimilarityHistograms(np.linspace(-1, 1, bins + 1), counts[1], counts[0], *means)
