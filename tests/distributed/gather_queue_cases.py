"""Cases of gather_worker.py: momentum contrast whose ranks agreed on the sizes of their batches."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from cft.models.selfsup import SCE, MomentumContrast
from cft.ops import gather
from tests.models.selfsup.momentum_models import build
from tests.support.synchronisations import synchronisations

ROWS = (4, 3)


def model_and_views() -> tuple[MomentumContrast, list[Tensor]]:
    torch.manual_seed(0)
    model = build(SCE, queue_length=20, symmetric=True)
    images = torch.randn(2, sum(ROWS), 3, 8, 8)
    own = slice(0, ROWS[0]) if dist.get_rank() == 0 else slice(ROWS[0], None)
    # Rank 0 draws the permutation.
    torch.manual_seed(1)
    return model, [view[own] for view in images]


def agreed_sizes_change_nothing_but_the_waiting() -> None:
    found = []
    for agreed in (False, True):
        model, views = model_and_views()
        if agreed:
            model.fix_batch_size(ROWS[dist.get_rank()])
        losses: list[Tensor] = []
        waits = synchronisations(lambda: losses.append(model.loss(views, [])['loss']))  # noqa: B023
        assert (sum(waits.values()) == 0) == agreed, waits
        losses[0].backward()
        found.append([losses[0].detach(), model.queue.features, *(p.grad for p in model.neck.parameters())])
    for exchanged, known in zip(*found, strict=True):
        assert torch.equal(exchanged, known)


def another_size_is_refused() -> None:
    """On both ranks, so that none waits for the other; forgetting the agreement helps."""
    model, views = model_and_views()
    model.fix_batch_size(5)
    with pytest.raises(ValueError, match=r'the ranks agreed on \[5, 5\]: .* drop_last=True'):
        model.loss(views, [])
    model.fix_batch_size(None if dist.get_rank() else 5)
    assert torch.isfinite(model.loss(views, [])['loss'])


def two_processes_equal_one() -> None:
    """Without batch statistics: mean loss, mean gradients and queue are those of the joined batch in one process."""
    torch.manual_seed(0)
    model = build(SCE, queue_length=20, symmetric=True, shuffle_keys=False).eval()
    alone, images = copy.deepcopy(model), list(torch.randn(3, 8, 3, 8, 8))
    model.fix_batch_size(4)
    own = slice(0, 4) if dist.get_rank() == 0 else slice(4, None)
    found = model.loss([view[own] for view in images], [])['loss']
    found.backward()
    averaged = [found.detach(), *(parameter.grad for parameter in model.neck.parameters())]
    for value in averaged:
        dist.all_reduce(value)
    with not_distributed():
        expected = alone.loss(images, [])['loss']
        expected.backward()
    for both, one in zip(averaged, [expected.detach(), *(p.grad for p in alone.neck.parameters())], strict=True):
        torch.testing.assert_close(both / 2, one, rtol=1e-5, atol=1e-6)
    # Keys of each view enter rank by rank.
    torch.testing.assert_close(model.queue.features, alone.queue.features, rtol=1e-5, atol=1e-6)
    assert int(model.queue.position) == int(alone.queue.position) == 16


@contextmanager
def not_distributed() -> Iterator[None]:
    """What one process alone would do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, 'is_distributed', lambda: False)
        yield


CASES: dict[str, Callable[[], None]] = {
    case.__name__: case
    for case in (agreed_sizes_change_nothing_but_the_waiting, another_size_is_refused, two_processes_equal_one)
}
