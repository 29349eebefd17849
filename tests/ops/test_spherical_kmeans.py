"""spherical_kmeans against a plain-Python run, its invariances and its first centroids."""

from itertools import pairwise

import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from torch import Tensor

from cft.ops import spherical_kmeans
from tests.ops import kmeans_oracle
from tests.support.comparison import random_rows

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


def with_empty_clusters(count: int = 30) -> tuple[Tensor, Tensor]:
    """Rows in a half space; of five first centroids two point away from all and two coincide."""
    rows = random_rows(count)
    rows[:, 0] = rows[:, 0].abs() + 0.5
    away = torch.tensor([[-1.0, 0, 0, 0, 0], [-1.0, 0.01, 0, 0, 0]], dtype=torch.float64)
    return rows, torch.cat([rows[:1], away, rows[:1], rows[1:2]])


STARTS = {
    'first rows': lambda: (random_rows(30), random_rows(30)[:4]),
    'other directions': lambda: (random_rows(30), random_rows(5, seed=7)),
    'rows without direction': lambda: (random_rows(30) * (torch.arange(30) % 5 > 0)[:, None], random_rows(4, seed=8)),
    'empty clusters': with_empty_clusters,
}


@pytest.fixture(params=list(STARTS))
def start(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    """Rows and first centroids."""
    return STARTS[request.param]()


def objective(features: Tensor, centroids: Tensor) -> float:
    return kmeans_oracle.objective(features.tolist(), centroids.tolist())


@pytest.mark.parametrize('iterations', [0, 1, 2, 8])
def test_same_as_plain_loops(start: tuple[Tensor, Tensor], iterations: int) -> None:
    """Assignments and centroids, of one iteration and of a whole run."""
    features, initial = start
    centroids, assignments = spherical_kmeans(features, len(initial), iterations, initial=initial)
    expected, owners = kmeans_oracle.spherical_kmeans(features.tolist(), initial.tolist(), iterations)
    assert assignments.tolist() == owners
    torch.testing.assert_close(centroids, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-13)


def test_objective_never_decreases(start: tuple[Tensor, Tensor]) -> None:
    """Nor does moving an empty cluster cost anything; the first iteration gains."""
    features, initial = start
    runs = [spherical_kmeans(features, len(initial), n, initial=initial)[0] for n in range(9)]
    values = [objective(features, centroids) for centroids in runs]
    assert all(later >= earlier - 1e-12 for earlier, later in pairwise(values)), values
    assert values[1] > values[0] + 0.1


def test_default_is_ten_iterations() -> None:
    """As in DeepCluster-v2; on these rows the tenth still moves a centroid."""
    features, initial = random_rows(400), random_rows(12, seed=1)
    runs = {n: spherical_kmeans(features, 12, n, initial=initial)[0] for n in (9, 10, 11)}
    assert not torch.equal(runs[9], runs[10])
    assert not torch.equal(runs[10], runs[11])
    assert torch.equal(spherical_kmeans(features, 12, initial=initial)[0], runs[10])


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_planted_clusters_are_found(dtype: torch.dtype) -> None:
    """From one row of each cluster, and from the best of some random starts, rows of very different lengths."""
    labels = torch.arange(60) % 4
    features = torch.eye(6, dtype=torch.float64)[labels] + 0.15 * random_rows(60, 6)
    features = (features * torch.logspace(-2, 2, 60, dtype=torch.float64)[:, None]).to(dtype)
    assert torch.equal(spherical_kmeans(features, 4, initial=features[:4])[1], labels)
    generator = torch.Generator().manual_seed(0)
    runs = [spherical_kmeans(features, 4, generator=generator) for _ in range(30)]
    _, best = max(runs, key=lambda run: objective(features, run[0]))
    assert adjusted_rand_score(labels, best) == 1


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_short_types_are_computed_in_float32(dtype: torch.dtype) -> None:
    """The result is that of the same rows in float32, under autocast too; float64 stays float64."""
    features = random_rows(50, dtype=dtype)
    wide = features.to(torch.promote_types(dtype, torch.float32))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        centroids, assignments = spherical_kmeans(features, 5, initial=features[:5])
    expected = spherical_kmeans(wide, 5, initial=wide[:5])
    assert centroids.dtype == wide.dtype
    assert torch.equal(centroids, expected[0])
    assert torch.equal(assignments, expected[1])
    torch.testing.assert_close(centroids.norm(dim=1), torch.ones(5, dtype=wide.dtype), rtol=1e-6, atol=0)


def test_order_of_rows(start: tuple[Tensor, Tensor]) -> None:
    """Rows come in any order."""
    features, initial = start
    centroids, assignments = spherical_kmeans(features, len(initial), initial=initial)
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(3))
    permuted = spherical_kmeans(features[order], len(initial), initial=initial)
    assert torch.equal(permuted[1], assignments[order])
    torch.testing.assert_close(permuted[0], centroids, rtol=0, atol=1e-13)


def test_order_of_centroids() -> None:
    """Clusters are numbered as their first centroids are."""
    features, initial = random_rows(40), random_rows(5, seed=1)
    centroids, assignments = spherical_kmeans(features, 5, initial=initial)
    renumbered = spherical_kmeans(features, 5, initial=initial.flip(0))
    assert torch.equal(renumbered[1], 4 - assignments)
    torch.testing.assert_close(renumbered[0].flip(0), centroids, rtol=0, atol=1e-13)


def test_lengths_and_rotations_do_not_matter() -> None:
    """Only angles count."""
    features, initial = random_rows(40), random_rows(5, seed=1)
    centroids, assignments = spherical_kmeans(features, 5, initial=initial)
    rotation = torch.linalg.qr(random_rows(5, seed=2))[0]
    scales = torch.logspace(-3, 3, 40, dtype=torch.float64)[:, None]
    turned = spherical_kmeans(scales * features @ rotation, 5, initial=9 * initial @ rotation)
    assert torch.equal(turned[1], assignments)
    torch.testing.assert_close(turned[0], centroids @ rotation, rtol=0, atol=1e-12)


def test_first_centroids_are_random_different_rows() -> None:
    """Each row is as likely as any other; the seed decides, and only the given generator is used."""
    features, state = random_rows(6), torch.get_rng_state()
    unit = torch.nn.functional.normalize(features)
    drawn = torch.zeros(6)
    for seed in range(200):
        first = spherical_kmeans(features, 2, 0, generator=torch.Generator().manual_seed(seed))[0]
        again = spherical_kmeans(features, 2, 0, generator=torch.Generator().manual_seed(seed))[0]
        assert torch.equal(first, again)
        chosen = (torch.cdist(first, unit) < 1e-7).nonzero()
        assert chosen[:, 0].tolist() == [0, 1]
        assert chosen[0, 1] != chosen[1, 1]
        drawn[chosen[:, 1]] += 1
    # 400 draws: 67 each, standard deviation 6.7.
    assert drawn.min() > 40
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(spherical_kmeans(features, 2, 0)[0], spherical_kmeans(features, 2, 0)[0])


def test_as_many_clusters_as_rows() -> None:
    """Each row is a cluster of its own."""
    centroids, assignments = spherical_kmeans(random_rows(9), 9)
    assert assignments.sort()[0].tolist() == list(range(9))
    torch.testing.assert_close(centroids[assignments], torch.nn.functional.normalize(random_rows(9)))


def test_inputs_are_left_alone() -> None:
    """No gradient, no write into the arguments."""
    features, initial = (tensor.requires_grad_() for tensor in with_empty_clusters())
    copies = features.detach().clone(), initial.detach().clone()
    centroids, assignments = spherical_kmeans(features, 5, initial=initial)
    assert not centroids.requires_grad
    assert assignments.dtype == torch.long
    assert torch.equal(features, copies[0])
    assert torch.equal(initial, copies[1])
