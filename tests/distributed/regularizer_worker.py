"""Started by test_regularizers_in_two_processes.py on two ranks: each case against one process."""

import copy
import sys
from collections.abc import Callable
from functools import partial

import torch
import torch.distributed as dist
from mmengine.registry import DefaultScope
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from cft.models.regularizers import BSS, channel_weights, smallest_singular_values
from tests.models.regularizers.regularized import CLASSES, begin, classifier, move
from tests.support.two_ranks import run_cases

close = partial(torch.testing.assert_close, rtol=1e-8, atol=1e-12)


def check_bss(sizes: tuple[int, int], k: int) -> None:
    """Value and gradients averaged over the ranks are those of one process on all rows."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(10, 6, generator=generator, dtype=torch.float64)
    own = inputs[: sizes[0]] if dist.get_rank() == 0 else inputs[sizes[0] :]
    torch.manual_seed(1)
    model = nn.Linear(6, 4).double()
    reference = copy.deepcopy(model)
    expected = 0.3 * smallest_singular_values(reference(inputs), k)
    expected.backward()
    parallel = DistributedDataParallel(model)
    value = BSS(k=k, weight=0.3, gather=True).loss(model, [parallel(own)])
    value.backward()
    close(value.detach(), expected.detach())
    for parameter, other in zip(model.parameters(), reference.parameters(), strict=True):
        close(parameter.grad, other.grad)
    assert model.weight.grad.abs().max() > 1e-6, 'the comparison of gradients is empty'


def check_delta() -> None:
    """The filters' weights are the same on both ranks, and those of one process."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(9, 3, 16, 16, generator=generator)
    targets = torch.eye(CLASSES)[torch.arange(9) % CLASSES]

    def examples(number: int) -> list[tuple[Tensor, Tensor, bool]]:
        return [(images[:5], targets[:5], True), (images[5:], targets[5:], True)]

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = classifier(dict(type='cft.DELTA'))
        # Blocks that begin as the identity have no use for their filters yet.
        move(model, scale=0.1)
        found = begin(model, examples).channel_weights
        both = channel_weights.is_distributed
        channel_weights.is_distributed = lambda: False
        expected = begin(model, examples).channel_weights
        channel_weights.is_distributed = both
    for layer, weight in found.items():
        torch.testing.assert_close(weight, expected[layer], rtol=1e-5, atol=1e-7)
        parts = [torch.empty_like(weight) for _ in range(2)]
        dist.all_gather(parts, weight)
        assert torch.equal(*parts), layer
    assert max(weight.std() for weight in found.values()) > 0


CASES: dict[str, Callable[[], None]] = {
    'bss': partial(check_bss, (5, 5), 2),
    'bss, unequal batches': partial(check_bss, (1, 9), 1),
    'delta': check_delta,
}


if __name__ == '__main__':
    sys.exit(run_cases(CASES))
