"""Rows of features: checked once, read in blocks, by class, at unit length."""

from collections.abc import Iterator

import numpy as np

from cft.errors import DataError


def checked_features(features: np.ndarray, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Features and labels that a measure can work with; a memory map stays one.

    Args:
        features: (N, D) numbers, N and D at least 1.
        labels: (N,) integers; None: zeros.

    Returns:
        Both as arrays, of the type that they came with.

    Raises:
        DataError: If a shape or a type is wrong, or a row is not finite; it
            tells how many are not.

    Example:
        >>> checked_features(np.array([[1.0, np.nan], [0.0, 1.0]]), np.array([0, 1]))
        Traceback (most recent call last):
        cft.errors.DataError: 1 of 2 rows of features are not finite: the model diverged or half precision overflowed
    """
    features = np.asanyarray(features)
    labels = np.zeros(len(features), dtype=np.int64) if labels is None else np.asarray(labels)
    if features.ndim != 2 or not features.size:
        raise DataError(f'features are a table of at least one image by one number, not of shape {features.shape}')
    if features.dtype.kind not in 'fiub':
        raise DataError(f'features are real numbers, not {features.dtype}')
    if labels.shape != (len(features),) or labels.dtype.kind not in 'iu':
        raise DataError(
            f'{len(features)} rows of features need as many integer labels, not {labels.dtype} of shape {labels.shape}'
        )
    bad = sum(int((~np.isfinite(features[part]).all(axis=1)).sum()) for part in blocks(len(features)))
    if bad:
        raise DataError(
            f'{bad} of {len(features)} rows of features are not finite: the model diverged or half precision overflowed'
        )
    return features, labels


def blocks(count: int, size: int = 2048) -> Iterator[slice]:
    """Slices that cover ``count`` rows, ``size`` at a time.

    Example:
        >>> list(blocks(5, size=3))
        [slice(0, 3, None), slice(3, 5, None)]
    """
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def rows_by_class(labels: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """The classes that occur, ascending, and the row numbers of each, ascending.

    Example:
        >>> classes, rows = rows_by_class(np.array([7, 3, 7]))
        >>> classes.tolist(), [part.tolist() for part in rows]
        ([3, 7], [[1], [0, 2]])
    """
    classes, counts = np.unique(labels, return_counts=True)
    return classes, np.split(np.argsort(labels, kind='stable'), np.cumsum(counts)[:-1])


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows at length 1 in float64; a row of zeros has no direction and stays.

    Example:
        >>> unit_rows(np.array([[3, 4], [0, 0]])).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    rows = np.asarray(rows, dtype=np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
