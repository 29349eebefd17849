"""spherical_kmeans with empty clusters, ties, duplicates, rows without direction and bad input."""

import re

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from cft.ops import spherical_kmeans
from tests.support.comparison import random_rows

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


def test_an_empty_cluster_moves_to_the_worst_row() -> None:
    """Rows at 0, 10, 20 and 80 degrees in one cluster: the other one takes the last."""
    angles = torch.deg2rad(torch.tensor([0.0, 10, 20, 80], dtype=torch.float64))
    features = torch.stack([angles.cos(), angles.sin()], dim=1)
    initial = torch.tensor([[-1.0, 0], [1, 0]], dtype=torch.float64)
    centroids, assignments = spherical_kmeans(features, 2, 1, initial=initial)
    torch.testing.assert_close(centroids[0], features[3], rtol=1e-14, atol=1e-15)
    torch.testing.assert_close(centroids[1], torch.nn.functional.normalize(features.sum(dim=0), dim=0))
    assert assignments.tolist() == [1, 1, 1, 0]


def test_no_cluster_stays_empty() -> None:
    """From coinciding first centroids too, if there are rows enough."""
    features = random_rows(60, dtype=torch.float32)
    assignments = spherical_kmeans(features, 12, initial=features[:1].expand(12, 5))[1]
    assert assignments.bincount(minlength=12).min() > 0


def test_fewer_directions_than_clusters() -> None:
    """Every row ends on its centroid; once it does, spare centroids stay where they are."""
    directions = torch.tensor([[1.0, 2], [-3, 1]])
    features = directions.repeat(25, 1)
    initial = torch.tensor([[1.0, 0], [0, 1], [1, 1], [-1, -1]])
    centroids, assignments = spherical_kmeans(features, 4, initial=initial)
    torch.testing.assert_close(centroids[assignments], torch.nn.functional.normalize(features))
    assert len(assignments.unique()) == 2
    initial[:2] = directions
    centroids, assignments = spherical_kmeans(features, 4, initial=initial)
    torch.testing.assert_close(centroids, torch.nn.functional.normalize(initial))
    assert assignments.tolist() == [0, 1] * 25
    centroids, assignments = spherical_kmeans(torch.ones(7, 3), 3)
    torch.testing.assert_close(centroids, torch.full((3, 3), 3**-0.5))
    assert assignments.tolist() == [0] * 7


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_ties_go_to_the_lowest_index(dtype: torch.dtype) -> None:
    """Equal centroids at any place of the matrix product, and a row midway between two."""
    for count in (2, 7, 17, 33, 65):
        for rows in (1, 2, 33):
            features = random_rows(rows, 17, dtype=dtype)
            initial = random_rows(1, 17, seed=1, dtype=dtype).expand(count, 17)
            found = spherical_kmeans(torch.cat([features] * count), count, 0, initial=initial)[1]
            assert (found == 0).all()
    midway = torch.ones(3, 3, dtype=dtype)
    assert spherical_kmeans(midway, 3, 0, initial=torch.eye(3, dtype=dtype))[1].tolist() == [0, 0, 0]


def test_rows_that_cancel_out_leave_the_centroid() -> None:
    """The mean has no direction; any centroid is as good as another."""
    features = random_rows(4)
    initial = random_rows(1, seed=1)
    centroids, assignments = spherical_kmeans(torch.cat([features, -features]), 1, initial=initial)
    torch.testing.assert_close(centroids, torch.nn.functional.normalize(initial), rtol=1e-14, atol=0)
    assert assignments.tolist() == [0] * 8


def test_rows_without_direction_belong_nowhere() -> None:
    """Nor do they move a centroid or serve as a first one."""
    features = random_rows(12)
    features[3], features[7] = 0, 1e-8
    rest = torch.tensor([i for i in range(12) if i not in (3, 7)])
    initial = random_rows(4, seed=1)
    centroids, assignments = spherical_kmeans(features, 4, initial=initial)
    expected = spherical_kmeans(features[rest], 4, initial=initial)
    assert assignments[[3, 7]].tolist() == [-1, -1]
    assert torch.equal(assignments[rest], expected[1])
    torch.testing.assert_close(centroids, expected[0], rtol=0, atol=1e-14)
    for seed in range(20):
        chosen = spherical_kmeans(features, 10, 0, generator=torch.Generator().manual_seed(seed))[0]
        torch.testing.assert_close(chosen.norm(dim=1), torch.ones(10, dtype=torch.float64))


def test_too_few_rows_are_named() -> None:
    """Rows without a direction do not help."""
    with pytest.raises(ConfigError, match=r'^6 clusters need as many rows, got 5 with a direction among 5: lower num'):
        spherical_kmeans(random_rows(5), 6)
    rows = random_rows(5)
    rows[1] = 0
    with pytest.raises(ConfigError, match=r'5 clusters .* got 4 with a direction among 5'):
        spherical_kmeans(rows, 5, initial=random_rows(5))
    with pytest.raises(ConfigError, match=r'1 clusters .* got 0 with a direction among 0'):
        spherical_kmeans(rows[:0], 1)


@pytest.mark.parametrize(
    ('features', 'num_clusters', 'options', 'message'),
    [
        (torch.ones(4), 1, {}, 'features must be (N, D) floating-point numbers, got shape (4,)'),
        (torch.ones(4, 2).long(), 1, {}, 'got shape (4, 2) of torch.int64'),
        (torch.ones(4, 2), 0, {}, 'need num_clusters >= 1 and iterations >= 0, got 0 and 10'),
        (torch.ones(4, 2), 1, {'iterations': -1}, 'got 1 and -1'),
        (torch.ones(4, 2), 3, {'initial': torch.ones(2, 2)}, 'initial centroids must be (3, 2), got shape (2, 2)'),
        (torch.ones(4, 2), 2, {'initial': torch.eye(2) * 1e-9}, 'initial centroids without a direction'),
        (torch.ones(4, 2), 2, {'initial': torch.tensor([[1.0, 0], [torch.nan, 0]])}, '(zero or not finite): [1]'),
        (torch.tensor([[1.0, 0], [torch.nan, 1], [0, 1]]), 1, {}, '1 of 3 rows of features have no finite length'),
        (torch.tensor([[1.0, 0], [torch.inf, 1], [0, 3e38]]), 1, {}, '2 of 3 rows of features have no finite length'),
    ],
)
def test_refuses_bad_input(features: Tensor, num_clusters: int, options: dict, message: str) -> None:
    """The message names the argument and what was met."""
    with pytest.raises(ValueError, match=re.escape(message)):
        spherical_kmeans(features, num_clusters, **options)
