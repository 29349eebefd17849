"""Started by test_kmeans_in_two_processes.py on two ranks: clusters of divided rows against those of all rows."""

import sys
from collections.abc import Callable
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor

from cft.ops import spherical_kmeans
from tests.distributed.gather_parts import own_rows
from tests.support.two_ranks import run_cases

SIZES = {'equal': (20, 20), 'unequal': (7, 33), 'second rank empty': (40, 0), 'first rank empty': (0, 40)}
Start = tuple[Tensor, Tensor | None]


def random_rows(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def empty_clusters() -> Start:
    """Two of the first centroids point away from all rows and two coincide."""
    rows = random_rows(40)
    rows[:, 0] = rows[:, 0].abs() + 0.5
    away = -torch.eye(6, dtype=torch.float64)[:1]
    return rows, torch.cat([rows[:1], away, 2 * away, rows[:1], rows[1:2]])


def without_direction() -> Start:
    """The first rank of a division into 7 and 33 has no row to use, the second not all."""
    rows = random_rows(40)
    rows[:7], rows[30:33] = 0, 0
    return rows, None


STARTS: dict[str, Callable[[], Start]] = {
    'first centroids given': lambda: (random_rows(40), random_rows(5, seed=1)),
    'first centroids drawn': lambda: (random_rows(40), None),
    'empty clusters': empty_clusters,
    'rows without direction': without_direction,
    'duplicates': lambda: (random_rows(4).repeat(10, 1), None),
}


def cluster(rows: Tensor, initial: Tensor | None, seed: int) -> tuple[Tensor, Tensor]:
    return spherical_kmeans(rows, 5, 6, initial, torch.Generator().manual_seed(seed))


def check_division(name: str, size: str, expected: tuple[Tensor, Tensor]) -> None:
    """Each rank's seed is its own: rank 0's decides, as do its first centroids."""
    rows, initial = STARTS[name]()
    if initial is not None and dist.get_rank() == 1:
        initial = random_rows(5, seed=9)
    own = own_rows(SIZES[size])
    centroids, assignments = cluster(rows[own], initial, seed=dist.get_rank())
    torch.testing.assert_close(centroids, expected[0], rtol=0, atol=1e-13)
    assert torch.equal(assignments, expected[1][own])
    parts = [torch.empty_like(centroids) for _ in range(2)]
    dist.all_gather(parts, centroids)
    assert torch.equal(*parts)


def check_half_precision() -> None:
    """Rows in float16 become the centroids of one process to the last bit but one of float32."""
    own = own_rows((7, 33))
    centroids, assignments = cluster(random_rows(40)[own].half(), random_rows(5, seed=1), seed=0)
    torch.testing.assert_close(centroids, EXPECTED_HALF[0], rtol=0, atol=2**-23)
    assert torch.equal(assignments, EXPECTED_HALF[1][own])


def error_of(rows: Tensor, num_clusters: int) -> str:
    try:
        spherical_kmeans(rows, num_clusters)
    except ValueError as error:
        return str(error)
    return 'none'


def check_errors() -> None:
    """Both ranks raise the same error, whoever holds the faulty rows, and can go on afterwards."""
    rank = dist.get_rank()
    few = error_of(random_rows(3 * rank), 4)
    assert few.startswith('4 clusters need as many rows, got 3 with a direction among 3'), few
    faulty = random_rows(4)
    faulty[2, 1] = torch.nan if rank else 0.0
    not_finite = error_of(faulty, 4)
    assert not_finite.startswith('1 of 8 rows of features have no finite length'), not_finite


# Before there is a process group: what one process makes of all rows.
EXPECTED = {name: cluster(*start(), seed=0) for name, start in STARTS.items()}
EXPECTED_HALF = cluster(random_rows(40).half(), random_rows(5, seed=1), seed=0)
CASES: dict[str, Callable[[], None]] = {
    f'{name}, {size}': partial(check_division, name, size, EXPECTED[name]) for name in STARTS for size in SIZES
}
CASES |= {'half precision': check_half_precision, 'errors': check_errors}


if __name__ == '__main__':
    sys.exit(run_cases(CASES))
