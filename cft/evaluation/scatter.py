"""How tightly the features of a class lie together."""

import numpy as np


def scatter_ratio(features: np.ndarray, labels: np.ndarray) -> float:
    """Within-class over total scatter, W/T, of l2-normalised features.

    W sums the squared distances to the own class mean, T those to the mean of
    all. 0: every class is a point; 1: the classes' means coincide.

    Args:
        features: (N, D).
        labels: (N,) integers.

    Returns:
        Number in [0, 1]; NaN if all features coincide (to a millionth of their length).

    Example:
        >>> scatter_ratio(np.array([[1., 0.], [1., 0.], [0., 1.], [0., 1.]]), np.array([0, 0, 1, 1]))
        0.0
    """
    features = np.asarray(features, dtype=np.float64)
    features = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    total = np.square(features - features.mean(axis=0)).sum()
    within = sum(
        np.square(part - part.mean(axis=0)).sum() for part in (features[labels == c] for c in np.unique(labels))
    )
    return float(within / total) if total > 1e-12 * len(features) else float('nan')
