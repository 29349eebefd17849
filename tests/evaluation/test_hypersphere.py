"""Isotropy, alignment, uniformity: loops, and cases known by hand."""

import math

import numpy as np
import pytest

from cft.errors import DataError
from cft.evaluation import alignment, isotropy, uniformity


def unit(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True)


@pytest.mark.parametrize('dimensions', [2, 16, 64])
def test_isotropic_rows_score_one_within_sampling_error(dimensions: int) -> None:
    """F / N is 1 + 1 / (2 D) with standard deviation 1 / sqrt(N D) a direction; lengths don't count."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((20000, dimensions)) * rng.uniform(0.1, 1000, (20000, 1))
    assert 1 - 8 / math.sqrt(20000 * dimensions) < isotropy(features) <= 1


@pytest.mark.parametrize('sign', [1, -1])
@pytest.mark.parametrize('rows', [1, 2, 50])
def test_equal_rows_score_one_over_e(rows: int, sign: int) -> None:
    """Whatever their length and direction; the null space has F = N."""
    row = np.random.default_rng(0).standard_normal(20)
    for scale in (1e-3, 1.0, 1e3):
        assert isotropy(np.tile(sign * scale * row, (rows, 1))) == pytest.approx(1 / math.e, rel=1e-12)


def test_isotropy_of_two_directions_by_hand() -> None:
    """Three rows along x, one along y: F is 3 e + 1, e + 3 and, for the empty direction, 4."""
    features = np.array([[2.0, 0, 0], [1, 0, 0], [1, 0, 0], [0, 5, 0]])
    assert isotropy(features) == pytest.approx(4 / (3 * math.e + 1), rel=1e-12)
    assert isotropy(features[:, :2]) == pytest.approx((math.e + 3) / (3 * math.e + 1), rel=1e-12)


def test_isotropy_equals_loops() -> None:
    """Eigenvectors by a singular value decomposition of the rows; of both signs the larger F."""
    rng = np.random.default_rng(1)
    features = rng.standard_normal((40, 5)) * [1, 2, 3, 4, 5] + 1
    rows = unit(features)
    values = [
        max(sum(math.exp(sign * float(row @ direction)) for row in rows) for sign in (1, -1))
        for direction in np.linalg.svd(rows)[2]
    ]
    assert isotropy(features) == pytest.approx(min(values) / max(values), rel=1e-12)


def distances(features: np.ndarray) -> np.ndarray:
    rows = unit(features)
    return np.square(rows[:, None] - rows).sum(axis=2)


@pytest.mark.parametrize('block', [1, 3, 7, 2048])
def test_uniformity_equals_all_pairs_in_any_blocks(block: int) -> None:
    features = np.random.default_rng(0).standard_normal((23, 4)) + 0.5
    upper = np.triu_indices(23, 1)
    expected = math.log(np.exp(-2 * distances(features)[upper]).mean())
    assert uniformity(features, block) == pytest.approx(expected, rel=1e-12)


def test_uniformity_equals_torch() -> None:
    """The authors' own lines: torch.pdist."""
    import torch

    features = np.random.default_rng(1).standard_normal((50, 8))
    expected = torch.pdist(torch.tensor(unit(features))).pow(2).mul(-2).exp().mean().log()
    assert uniformity(features) == pytest.approx(float(expected), rel=1e-12)


def test_alignment_equals_all_pairs() -> None:
    """Classes of 1, 2 and many; a pair counts as much in each."""
    features = np.random.default_rng(0).standard_normal((20, 4)) * 3
    labels = np.array([5] + 2 * [7] + 17 * [9])
    same = (labels[:, None] == labels) & ~np.eye(20, dtype=bool)
    assert alignment(features, labels) == pytest.approx(distances(features)[same].mean(), rel=1e-12)


def test_collapsed_features() -> None:
    features = np.tile(np.random.default_rng(0).standard_normal(9), (6, 1))
    assert alignment(features, np.arange(6) % 2) == pytest.approx(0, abs=1e-15)
    assert uniformity(features) == pytest.approx(0, abs=1e-14)


def test_too_few_images() -> None:
    with pytest.raises(DataError, match='every class has one'):
        alignment(np.eye(3), np.arange(3))
    with pytest.raises(DataError, match='two images'):
        uniformity(np.eye(3)[:1])
