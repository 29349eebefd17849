"""Accuracy of classifiers that a few labelled images give: the class with the nearest mean."""

import numpy as np

from cft.errors import DataError

from .feature_rows import checked_features, rows_by_class, unit_rows


def nearest_mean_accuracy(
    train_features: np.ndarray, train_labels: np.ndarray, test_features: np.ndarray, test_labels: np.ndarray
) -> float:
    """Classify test features by the class mean of the largest cosine similarity.

    Means are of l2-normalised features, and normalised again. Nothing is
    trained, so the classes may be ones that the encoder has never been told of
    (nearest-class-mean classifier, Mensink et al. 2013).

    Args:
        train_features: (N, D) of the labelled images.
        train_labels: (N,) integers.
        test_features: (M, D).
        test_labels: (M,) integers.

    Returns:
        Accuracy in per cent.

    Raises:
        DataError: If the widths differ, or a row is not finite.

    Example:
        >>> x, y = np.array([[1., 0.], [2., .1], [0., 1.]]), np.array([0, 0, 1])
        >>> nearest_mean_accuracy(x, y, np.array([[3., 1.], [1., 3.]]), np.array([0, 0]))
        50.0
    """
    train_features, train_labels = checked_features(train_features, train_labels)
    test_features, test_labels = checked_features(test_features, test_labels)
    if train_features.shape[1] != test_features.shape[1]:
        raise DataError(f'features {test_features.shape[1]} wide beside means {train_features.shape[1]} wide')
    rows = unit_rows(train_features)
    classes, members = rows_by_class(train_labels)
    means = unit_rows(np.stack([rows[indices].mean(axis=0) for indices in members]))
    found = classes[(unit_rows(test_features) @ means.T).argmax(axis=1)]
    return 100 * float((found == test_labels).mean())
