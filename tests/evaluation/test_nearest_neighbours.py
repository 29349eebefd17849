"""knn_accuracy against a loop over test samples and their neighbours."""

import math
import tracemalloc

import numpy as np
import pytest
import torch

from cft.apis.running.step_cost import peak_bytes
from cft.errors import DataError
from cft.evaluation import knn_accuracy
from cft.evaluation import nearest_neighbours as module
from cft.evaluation.feature_rows import unit_rows
from cft.evaluation.nearest_neighbours import nearest_neighbours


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


def scikit_learn(rows: np.ndarray, references: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k, metric='cosine', algorithm='brute').fit(references.astype(np.float64))
    distances, found = search.kneighbors(rows.astype(np.float64))
    return 1 - distances, found


@pytest.mark.parametrize('block', [None, 7, 50])
@pytest.mark.parametrize('kind', [np.float32, np.float64])
def test_neighbours_equal_scikit_learn(kind: type, block: int | None) -> None:
    """More references than candidates, in blocks that do not divide them."""
    rng = np.random.default_rng(0)
    rows, references = (rng.standard_normal((count, 16)).astype(kind) for count in (23, 300))
    for k in (1, 20, 300):
        similarities, found = nearest_neighbours(rows, references, k, block=block)
        expected, nearest = scikit_learn(rows, references, k)
        np.testing.assert_allclose(similarities, expected, rtol=0, atol=1e-11)
        assert (found == nearest).all()


def test_nearly_equal_references() -> None:
    """Differences far below float32 decide as in float64, though more references than candidates are so near."""
    rng = np.random.default_rng(1)
    centre = rng.standard_normal(8)
    references = centre + 1e-7 * rng.standard_normal((200, 8))
    rows = centre + 0.1 * rng.standard_normal((5, 8))
    similarities, found = nearest_neighbours(rows, references, 10, block=64)
    exact = [[row @ other / np.linalg.norm(row) / np.linalg.norm(other) for other in references] for row in rows]
    assert (found == np.argsort(-np.round(exact, 12), axis=1, kind='stable')[:, :10]).all()
    np.testing.assert_allclose(similarities, -np.sort(-np.array(exact), axis=1)[:, :10], rtol=0, atol=1e-11)


@pytest.mark.parametrize('block', [None, 3, 64])
def test_of_a_tie_the_lower_row_comes_first(block: int | None) -> None:
    """Collapsed features, and three directions that repeat: whatever the blocks, and beyond the candidates."""
    assert (nearest_neighbours(np.ones((2, 4)), np.ones((100, 4)), 5, block=block)[1] == np.arange(5)).all()
    turns = np.tile(np.eye(3), (50, 1))
    similarities, found = nearest_neighbours(np.eye(3), turns, 60, block=block)
    for own in range(3):
        others = [row for row in range(150) if row % 3 != own][:10]
        assert found[own].tolist() == [*range(own, 150, 3), *others]
    assert (similarities == [1.0] * 50 + [0.0] * 10).all()


@pytest.mark.skipif(torch.cuda.is_available(), reason='what the CPU holds')
def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few blocks of 0.25 MiB, where all similarities would be 80 MB."""
    monkeypatch.setattr(module, 'BLOCK', 2**18)
    rng = np.random.default_rng(0)
    rows, references = (rng.standard_normal((count, 16), dtype=np.float32) for count in (500, 40_000))
    tensors = peak_bytes(lambda: nearest_neighbours(rows, references, 5))
    tracemalloc.start()
    nearest_neighbours(rows, references, 5)
    arrays = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 2**18 < tensors < 4e6 and arrays < 8e6


def test_rounding_of_float32_stays_below_what_is_allowed_for() -> None:
    """Also where all numbers are positive, as after a ReLU, and few or many."""
    rng = np.random.default_rng(0)
    for width in (16, 2048, 16384):
        rows, references = (unit_rows(np.abs(rng.standard_normal((40, width)))) for _ in range(2))
        single = rows.astype(np.float32) @ references.astype(np.float32).T
        assert np.abs(single - rows @ references.T).max() < module.ROUNDING / 4


@pytest.mark.parametrize(
    ('rows', 'references', 'k', 'told'),
    [
        (np.eye(3), np.eye(3), 0, '0 neighbours .* of 3 references'),
        (np.eye(3), np.eye(4), 1, '3 wide beside training features 4 wide'),
        (np.eye(3), np.full((2, 3), np.nan), 1, 'not finite'),
    ],
)
def test_mistakes(rows: np.ndarray, references: np.ndarray, k: int, told: str) -> None:
    with pytest.raises(DataError, match=told):
        nearest_neighbours(rows, references, k)
