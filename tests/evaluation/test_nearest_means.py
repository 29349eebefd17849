"""Nearest class means: scikit-learn as oracle, and where the answer is known."""

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import normalize

from cft.errors import DataError
from cft.evaluation import nearest_mean_accuracy


@pytest.mark.parametrize('seed', range(5))
def test_equals_scikit_learn(seed: int) -> None:
    """On unit rows, the nearest centroid of unit length is the one of the largest cosine."""
    generator = np.random.default_rng(seed)
    labels, test_labels = generator.integers(3, 8, 40), generator.integers(3, 8, 60)
    centres = generator.normal(size=(8, 6))
    x, y = (centres[own] + generator.normal(size=(len(own), 6)) for own in (labels, test_labels))
    means = np.stack([normalize(x)[labels == label].mean(axis=0) for label in np.unique(labels)])
    oracle = NearestCentroid().fit(normalize(means), np.unique(labels))
    expected = 100 * oracle.score(normalize(y), test_labels)
    assert 20 < expected < 100
    assert nearest_mean_accuracy(x, labels, y, test_labels) == pytest.approx(expected, abs=1e-9)


def test_length_of_features_tells_nothing() -> None:
    """Scaled rows have the same answer, in the classes' means as well."""
    generator = np.random.default_rng(0)
    x, labels = generator.normal(size=(30, 4)), np.arange(30) % 3
    scaled = x * generator.uniform(0.1, 10, size=(30, 1))
    assert nearest_mean_accuracy(x, labels, x, labels) == nearest_mean_accuracy(scaled, labels, scaled, labels)


def test_unknown_class_is_always_wrong() -> None:
    x = np.eye(2)
    assert nearest_mean_accuracy(x, np.array([0, 1]), x, np.array([0, 5])) == 50


def test_other_widths() -> None:
    with pytest.raises(DataError, match='3 wide beside means 2 wide'):
        nearest_mean_accuracy(np.eye(2), np.arange(2), np.eye(3), np.arange(3))
