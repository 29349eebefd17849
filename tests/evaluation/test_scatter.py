"""scatter_ratio against loops and in cases known by hand."""

import math

import numpy as np
import pytest

from cft.evaluation import scatter_ratio


def loop(features: np.ndarray, labels: np.ndarray) -> float:
    """W / T by loops over rows and coordinates."""
    rows = [[x / math.sqrt(sum(y * y for y in row)) for x in row] for row in features.tolist()]

    def squares(members: list[list[float]]) -> float:
        means = [sum(column) / len(members) for column in zip(*members, strict=True)]
        return sum((x - mean) ** 2 for row in members for x, mean in zip(row, means, strict=True))

    classes = sorted(set(labels.tolist()))
    within = sum(squares([row for row, label in zip(rows, labels, strict=True) if label == c]) for c in classes)
    return within / squares(rows)


@pytest.mark.parametrize('classes', [2, 3, 10])
@pytest.mark.parametrize('seed', range(3))
def test_equals_loops(seed: int, classes: int) -> None:
    """Random features of random lengths, classes of different sizes, labels that are not consecutive."""
    rng = np.random.default_rng(seed)
    labels = 5 * np.concatenate([np.arange(classes), rng.integers(0, classes, 30)])
    features = (rng.standard_normal((len(labels), 4)) + labels[:, None] / 10) * rng.uniform(0.1, 10, (len(labels), 1))
    expected = loop(features, labels)
    assert scatter_ratio(features, labels) == pytest.approx(expected, rel=1e-10)
    assert 0.01 < expected < 0.99


def test_cross_by_hand() -> None:
    """Four unit directions, opposite ones in a class: W = 4, T = 4; neighbouring ones: W = 2, T = 4."""
    features = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert scatter_ratio(features, np.array([0, 0, 1, 1])) == pytest.approx(1.0, abs=1e-15)
    assert scatter_ratio(features, np.array([0, 1, 0, 1])) == pytest.approx(0.5, abs=1e-15)


def test_points_are_zero_and_lengths_do_not_count() -> None:
    """Rows of one direction are one point."""
    features = np.array([[1.0, 0.0], [7.0, 0.0], [0.0, 0.1], [0.0, 3.0]])
    assert scatter_ratio(features, np.array([0, 0, 1, 1])) == 0


def test_one_class_is_one_and_a_class_per_row_is_zero() -> None:
    features = np.random.default_rng(0).standard_normal((10, 3))
    assert scatter_ratio(features, np.zeros(10)) == 1
    assert scatter_ratio(features, np.arange(10)) == 0


@pytest.mark.parametrize('dtype', [np.float64, np.float32])
@pytest.mark.parametrize('rows', [2, 3, 6, 7, 10])
def test_coinciding_features_have_no_ratio(rows: int, dtype: type) -> None:
    """A collapsed model, all directions equal: NaN instead of a ratio of rounding errors, and no warning."""
    row = np.random.default_rng(0).standard_normal(5)
    for features in (np.tile(row, (rows, 1)), np.outer(np.arange(1, rows + 1), row)):
        with np.errstate(all='raise'):
            assert math.isnan(scatter_ratio(features.astype(dtype), np.arange(rows) % 2))


def test_nearly_coinciding_features_have_one() -> None:
    """Two bundles a ten-thousandth apart: as far apart as two wide ones in relation to their width."""
    offsets = 1e-4 * np.array([0.0, 0.1, 1.0, 1.1])
    features = np.stack([np.cos(offsets), np.sin(offsets)], axis=1)
    assert scatter_ratio(features, np.array([0, 0, 1, 1])) == pytest.approx(0.01 / 1.01, rel=1e-6)


def test_zero_rows_are_finite() -> None:
    """A dead feature has no direction; it counts as the origin."""
    features = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert scatter_ratio(features, np.array([0, 0, 1, 1])) == 1
    assert scatter_ratio(features, np.array([0, 1, 0, 1])) == 0


def test_input_stays() -> None:
    """The caller's features are not normalised in place."""
    features = np.array([[3.0, 4.0], [0.0, 2.0]])
    scatter_ratio(features, np.array([0, 1]))
    assert features.tolist() == [[3.0, 4.0], [0.0, 2.0]]
