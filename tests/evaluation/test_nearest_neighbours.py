"""knn_accuracy against a loop over test samples and their neighbours."""

import math

import numpy as np
import pytest

from cft.evaluation import knn_accuracy


def features(count: int, classes: int, spread: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Clouds around one direction per class, of very different lengths."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((classes, 5))
    labels = rng.integers(0, classes, count)
    rows = centres[labels] + spread * rng.standard_normal((count, 5))
    return rows * rng.uniform(0.1, 10, (count, 1)), labels


def loop(train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, k: int, temperature: float) -> list[int]:
    """Predicted labels: the k largest cosines vote with exp(cosine / temperature)."""
    predicted = []
    for row in test:
        cosines = [float(row @ other / np.linalg.norm(row) / np.linalg.norm(other)) for other in train]
        nearest = sorted(range(len(train)), key=lambda j: -cosines[j])[:k]
        votes: dict[int, float] = {}
        for j in nearest:
            votes[int(train_labels[j])] = votes.get(int(train_labels[j]), 0) + math.exp(cosines[j] / temperature)
        predicted.append(max(votes, key=votes.__getitem__))
    return predicted


@pytest.mark.parametrize('temperature', [0.07, 0.5])
@pytest.mark.parametrize('k', [1, 5, 20, 60])
@pytest.mark.parametrize('seed', range(3))
def test_equals_a_loop(seed: int, k: int, temperature: float) -> None:
    """With overlapping classes, so that neither 0 nor 100 per cent is right."""
    train, train_labels = features(60, 4, spread=2.0, seed=seed)
    test, test_labels = features(45, 4, spread=2.0, seed=seed + 100)
    predicted = loop(train, train_labels, test, k, temperature)
    expected = 100 * sum(int(a == b) for a, b in zip(predicted, test_labels, strict=True)) / 45
    found = knn_accuracy(train, train_labels, test, test_labels, k=k, temperature=temperature)
    assert found == pytest.approx(expected, abs=1e-9)
    assert 20 < expected < 90


def test_defaults_are_those_of_the_literature() -> None:
    """20 neighbours, temperature 0.07."""
    train, test = features(60, 4, 2.0, seed=0), features(45, 4, 2.0, seed=100)
    assert knn_accuracy(*train, *test) == knn_accuracy(*train, *test, k=20, temperature=0.07)
    assert knn_accuracy(*train, *test) != knn_accuracy(*train, *test, k=1)


def test_weights_decide_not_numbers() -> None:
    """One near neighbour outvotes two far ones at a low temperature, and loses at a high one."""
    train, labels = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), np.array([0, 1, 1])
    test = np.array([[1.0, 0.1]])
    assert knn_accuracy(train, labels, test, np.array([0]), k=3, temperature=0.07) == 100
    assert knn_accuracy(train, labels, test, np.array([0]), k=3, temperature=100.0) == 0


def test_direction_counts_not_length() -> None:
    """A short row of the same direction is nearer than a long one beside it in the plane."""
    train, labels = np.array([[0.01, 0.0], [5.0, 4.0]]), np.array([0, 1])
    assert knn_accuracy(train, labels, np.array([[5.0, 0.5]]), np.array([0]), k=1) == 100


def test_label_values_are_free() -> None:
    """Neither consecutive nor complete: a class without training samples is never right."""
    train, labels = np.eye(3), np.array([7, 42, 7])
    assert knn_accuracy(train, labels, np.eye(3), np.array([7, 42, 9]), k=1) == pytest.approx(200 / 3)


def test_very_low_temperature_is_the_nearest_neighbour() -> None:
    """No overflow: exp(1 / 0.001) would be infinite and every vote the same."""
    train, test = features(60, 4, 2.0, seed=0), features(45, 4, 2.0, seed=100)
    assert knn_accuracy(*train, *test, k=20, temperature=0.001) == knn_accuracy(*train, *test, k=1)


def test_more_neighbours_than_samples() -> None:
    with pytest.raises(ValueError, match='n_neighbors'):
        knn_accuracy(np.eye(3), np.arange(3), np.eye(3), np.arange(3), k=4)
