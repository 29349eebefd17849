"""retrieval_scores against pytorch-metric-learning, and against all orders where similarities tie."""

import itertools
import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN

from cft.errors import ConfigError, DataError
from cft.evaluation import retrieval_scores


def clouds(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping classes of different sizes, one of them of one image."""
    rng = np.random.default_rng(seed)
    labels = np.append(rng.choice([2, 3, 5, 9], count - 1, p=[0.5, 0.3, 0.15, 0.05]), 40)
    features = rng.standard_normal((count, 6)) + 1.5 * np.random.default_rng(7).standard_normal((41, 6))[labels]
    return features * rng.uniform(0.1, 10, (count, 1)), labels


def peer(queries: tuple, references: tuple | None) -> dict[str, float]:
    wanted = {
        'mean_average_precision_at_r': 'map_at_r',
        'r_precision': 'r_precision',
        'precision_at_1': 'recall_at_1',
    }
    calculator = AccuracyCalculator(
        include=tuple(wanted), k='max_bin_count', device=torch.device('cpu'), knn_func=CustomKNN(CosineSimilarity())
    )
    arrays = [torch.tensor(array) for array in (*queries, *(references or ()))]
    found = calculator.get_accuracy(*arrays)
    return {name: 100 * found[key] for key, name in wanted.items()}


@pytest.mark.parametrize('block', [None, 1, 7])
@pytest.mark.parametrize('seed', range(3))
def test_equals_the_peer_among_themselves(seed: int, block: int | None) -> None:
    features, labels = clouds(80, seed)
    found = retrieval_scores(features, labels, block=block)
    assert found == pytest.approx(peer((features, labels), None), rel=1e-10)
    assert 20 < found['map_at_r'] < found['r_precision'] < 95


@pytest.mark.parametrize('seed', range(3))
def test_equals_the_peer_with_references(seed: int) -> None:
    """The query of a class that the references lack counts nowhere."""
    queries, references = clouds(40, seed), clouds(60, seed + 10)
    references = references[0][:-1], references[1][:-1]
    assert retrieval_scores(*queries, references) == pytest.approx(peer(queries, references), rel=1e-10)


def test_recall_at_k_equals_loops() -> None:
    features, labels = clouds(60, 0)
    rows = features / np.linalg.norm(features, axis=1, keepdims=True)
    ranked = np.argsort(-(rows @ rows.T - 10 * np.eye(60)), axis=1)
    queries = [i for i in range(60) if (labels == labels[i]).sum() > 1]
    found = retrieval_scores(features, labels, ks=(1, 2, 5, 30, 500))
    for k in (1, 2, 5, 30, 500):
        hits = [bool((labels[ranked[i, : min(k, 59)]] == labels[i]).any()) for i in queries]
        assert found[f'recall_at_{k}'] == pytest.approx(100 * np.mean(hits), rel=1e-12)


def in_order(match: list[bool], ks: tuple[int, ...]) -> list[float]:
    r = sum(match)
    precision = [sum(match[: i + 1]) / (i + 1) for i in range(r) if match[i]]
    return [sum(precision) / r, sum(match[:r]) / r, *(float(any(match[:k])) for k in ks)]


@pytest.mark.parametrize(
    'angles', [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 2, 2], [2, 0, 0, 1, 1, 1]]
)
@pytest.mark.parametrize('matches', [[1, 0, 0, 0, 0, 1], [0, 0, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0], [1] * 6])
def test_ties_score_the_mean_over_all_orders(angles: list[int], matches: list[int]) -> None:
    """One query; its six references in all 720 orders, sorted by similarity without breaking ties."""
    features = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    query, labels, ks = np.array([[1.0, 0.0]]), np.array(matches), (1, 2, 3, 5)
    orders = [sorted(order, key=lambda i: angles[i]) for order in itertools.permutations(range(6))]
    expected = 100 * np.mean([in_order([bool(matches[i]) for i in order], ks) for order in orders], axis=0)
    found = retrieval_scores(query, np.array([1]), (features, labels), ks)
    assert list(found.values()) == pytest.approx(expected.tolist(), rel=1e-12)


def test_collapsed_features_score_as_chance() -> None:
    """Of 9 other images 4 are of the class, for every query."""
    features = np.tile(np.random.default_rng(0).standard_normal(30), (10, 1))
    found = retrieval_scores(features, np.repeat([0, 1], 5), ks=(1, 2, 6))
    assert found['r_precision'] == pytest.approx(400 / 9)
    assert found['recall_at_1'] == pytest.approx(400 / 9)
    assert found['recall_at_2'] == pytest.approx(100 * (1 - math.comb(5, 2) / math.comb(9, 2)))
    assert found['recall_at_6'] == 100


def test_nothing_to_find() -> None:
    with pytest.raises(DataError, match='every class has one image'):
        retrieval_scores(np.eye(3), np.arange(3))
    with pytest.raises(DataError, match='no query has a reference'):
        retrieval_scores(np.eye(3), np.arange(3), (np.eye(3), np.arange(3) + 3))
    with pytest.raises(DataError, match='queries of 3 numbers beside references of 2'):
        retrieval_scores(np.eye(3), np.arange(3), (np.eye(2), np.arange(2)))
    with pytest.raises(ConfigError, match=r'\[1, 0\]'):
        retrieval_scores(np.eye(3), np.zeros(3, dtype=int), ks=(1, 0))
