"""Alignment and uniformity on the unit sphere (Wang and Isola 2020)."""

import math
from itertools import combinations_with_replacement

import numpy as np

from cft.errors import DataError

from .feature_rows import blocks, checked_features, rows_by_class, unit_rows


def alignment(features: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance of two l2-normalised features of one class.

    ``E ||f(x) - f(y)||^2``, alpha = 2 of equation 1 of Wang and Isola, over
    all pairs of different rows with one label. Linear in N: the distances of
    a class sum up to those to its mean.

    Args:
        features: (N, D).
        labels: (N,) integers.

    Returns:
        Number in [0, 4], smaller is tighter.

    Raises:
        DataError: If no class has two images, or a row is not finite.

    Example:
        >>> alignment(np.array([[1., 0.], [0., 2.], [5., 5.]]), np.array([0, 0, 1]))
        2.0
    """
    features, labels = checked_features(features, labels)
    total, pairs = 0.0, 0
    for members in rows_by_class(labels)[1]:
        rows = unit_rows(features[members])
        total += 2 * len(rows) * float(np.square(rows - rows.mean(axis=0)).sum())
        pairs += len(rows) * (len(rows) - 1)
    if not pairs:
        raise DataError('alignment needs two images of a class; every class has one')
    return total / pairs


def uniformity(features: np.ndarray, block: int = 2048) -> float:
    """Log of the mean Gaussian potential of two l2-normalised features.

    ``log E exp(-2 ||f(x) - f(y)||^2)``, t = 2 of equation 2 of Wang and
    Isola, over all pairs of different rows, in blocks.

    Args:
        features: (N, D), N at least 2.
        block: Rows and columns of a block of pairs.

    Returns:
        Number in [-8, 0], smaller is more uniform, 0 if all features coincide.

    Raises:
        DataError: If there are fewer than two rows, or one is not finite.

    Example:
        >>> uniformity(np.array([[1., 0.], [-3., 0.]]))
        -8.0
    """
    features, _ = checked_features(features)
    count = len(features)
    if count < 2:
        raise DataError('uniformity needs two images')
    total = 0.0
    for first, second in combinations_with_replacement(list(blocks(count, block)), 2):
        left, right = unit_rows(features[first]), unit_rows(features[second])
        squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1) - 2 * left @ right.T
        potentials = np.exp(-2 * np.maximum(squares, 0))
        # Within a block every pair stands twice, and each row beside itself.
        total += float(potentials.sum() if first != second else np.triu(potentials, 1).sum())
    return math.log(total / (count * (count - 1) / 2))
