"""Similarities of pairs against loops over all of them."""

import math

import numpy as np
import pytest

from cft.errors import ConfigError
from cft.evaluation import mean_similarities, similarity_histograms


def pairs(features: np.ndarray, labels: np.ndarray) -> tuple[list[float], list[float]]:
    """Cosine similarities of positive and negative pairs, each once."""
    positive: list[float] = []
    negative: list[float] = []
    for i in range(len(labels)):
        for j in range(i):
            value = float(features[i] @ features[j] / np.linalg.norm(features[i]) / np.linalg.norm(features[j]))
            (positive if labels[i] == labels[j] else negative).append(value)
    return positive, negative


@pytest.mark.parametrize('block', [1, 4, 2048])
@pytest.mark.parametrize('bins', [1, 7, 100])
def test_equals_loops(bins: int, block: int) -> None:
    rng = np.random.default_rng(bins)
    labels = np.repeat([2, 3, 8], [1, 9, 14])
    features = rng.standard_normal((24, 3)) + labels[:, None]
    found = similarity_histograms(features, labels, bins, block)
    positive, negative = pairs(features, labels)
    assert found.positive.tolist() == np.histogram(positive, bins, (-1, 1))[0].tolist()
    assert found.negative.tolist() == np.histogram(negative, bins, (-1, 1))[0].tolist()
    assert found.positive_mean == pytest.approx(np.mean(positive), rel=1e-12)
    assert found.negative_mean == pytest.approx(np.mean(negative), rel=1e-12)
    assert found.edges.tolist() == np.linspace(-1, 1, bins + 1).tolist()


def test_pairs_at_the_edges() -> None:
    """Equal directions are in the last bin, opposite ones in the first, orthogonal ones in the upper middle one."""
    rows = np.random.default_rng(0).standard_normal((1, 50))
    features = np.concatenate([rows, 3 * rows, -rows, np.zeros((1, 50))])
    found = similarity_histograms(features, np.array([0, 0, 1, 2]), bins=4)
    assert found.positive.tolist() == [0, 0, 0, 1]
    assert found.negative.tolist() == [2, 0, 3, 0]


def test_kinds_of_pairs_that_are_not_there() -> None:
    positive, negative = mean_similarities(np.eye(3), np.arange(3))
    assert math.isnan(positive)
    assert negative == 0
    positive, negative = mean_similarities(np.ones((3, 2)), np.zeros(3, dtype=int))
    assert positive == pytest.approx(1, abs=1e-15)
    assert math.isnan(negative)


def test_no_bins() -> None:
    with pytest.raises(ConfigError, match='bins=0'):
        similarity_histograms(np.eye(2), np.arange(2), bins=0)
