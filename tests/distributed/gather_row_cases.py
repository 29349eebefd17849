"""Cases of gather_worker.py: the row operations of ``cft.ops`` on two ranks."""

from collections.abc import Callable
from functools import partial

import torch
import torch.distributed as dist

from cft.ops import gather_rows, gather_rows_with_grad, rank_offset, row_counts, shuffle_rows
from tests.distributed.gather_parts import SIZES, own_rows


def check_gather_rows(sizes: tuple[int, int]) -> None:
    """Rows of any type and shape come back joined in rank order, without gradient."""
    joined = torch.randn(10, 2, 3, generator=torch.Generator().manual_seed(0))
    own = own_rows(sizes)
    counts = row_counts(joined[own])
    assert counts == list(sizes)
    assert rank_offset(counts) == own.start
    for rows in (joined, joined[:, 0, 0].half(), torch.arange(10), torch.arange(10) % 2 == 0):
        assert torch.equal(gather_rows(rows[own]), rows)
        assert torch.equal(gather_rows(rows[own], counts), rows)
    assert not gather_rows(joined[own].clone().requires_grad_()).requires_grad
    assert torch.equal(gather_rows(joined[own].transpose(1, 2)), joined.transpose(1, 2))


def check_gather_rows_with_grad(sizes: tuple[int, int]) -> None:
    """Each rank receives the sum over ranks of the gradients for its rows."""
    generator = torch.Generator().manual_seed(0)
    joined, *weights = torch.randn(3, 10, 4, generator=generator, dtype=torch.float64)
    own = own_rows(sizes)
    rows = joined[own].clone().requires_grad_()
    gathered = gather_rows_with_grad(rows)
    assert torch.equal(gathered.detach(), joined)
    (gathered * weights[dist.get_rank()]).sum().backward()
    torch.testing.assert_close(rows.grad, (weights[0] + weights[1])[own], rtol=1e-12, atol=1e-14)


def check_shuffle_rows(sizes: tuple[int, int]) -> None:
    """Each rank keeps its number of rows, rows change rank, and ``restore`` brings them back in order."""
    joined = torch.arange(10.0)[:, None] * torch.ones(3)
    own = own_rows(sizes)
    # Ranks with different seeds must agree on one permutation all the same.
    torch.manual_seed(100 + dist.get_rank())
    shuffled, restore = shuffle_rows(joined[own].clone().requires_grad_())
    assert shuffled.shape == joined[own].shape
    assert not shuffled.requires_grad
    everything = gather_rows(shuffled)
    assert torch.equal(everything.sort(dim=0)[0], joined)
    assert not torch.equal(everything, joined)
    if min(sizes) > 0:
        first = set(everything[: sizes[0], 0].tolist())
        assert first & set(range(sizes[0], 10)), 'no row changed its rank'
    assert torch.equal(restore(shuffled), joined[own])
    assert torch.equal(restore(10 * shuffled[:, 0]), 10 * joined[own, 0])


CASES: dict[str, Callable[[], None]] = {}
for check in (check_gather_rows, check_gather_rows_with_grad, check_shuffle_rows):
    CASES |= {f'{check.__name__}: {size}': partial(check, SIZES[size]) for size in SIZES}
