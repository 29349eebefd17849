"""Accuracy of weighted nearest neighbours on frozen features."""

import numpy as np


def knn_accuracy(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
    k: int = 20,
    temperature: float = 0.07,
) -> float:
    """Classify test features by their k nearest training features.

    Neighbours are found by cosine similarity s and vote with weight
    ``exp(s / temperature)``, as usual since Wu et al. 2018.

    Args:
        train_features: (N, D).
        train_labels: (N,) integers.
        test_features: (M, D).
        test_labels: (M,) integers.
        k: Number of neighbours, at most N.
        temperature: Of the weights.

    Returns:
        Accuracy in per cent.

    Example:
        >>> x, y = np.eye(3), np.arange(3)
        >>> knn_accuracy(x, y, x, y, k=1)
        100.0
    """
    # Here, as every run would wait for SciPy.
    from sklearn.neighbors import KNeighborsClassifier

    classifier = KNeighborsClassifier(
        n_neighbors=k, metric='cosine', algorithm='brute', weights=lambda distance: np.exp(-distance / temperature)
    )
    classifier.fit(train_features, train_labels)
    return 100 * float(classifier.score(test_features, test_labels))
