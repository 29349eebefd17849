"""optim_wrappers for every form that a runner's attribute takes."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from cft.engine.optimizer_access import in_accumulation, optim_wrappers


def make(accumulative_counts: int = 1) -> OptimWrapper:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    return OptimWrapper(optimizer, accumulative_counts=accumulative_counts)


def test_one() -> None:
    wrapper = make()
    assert optim_wrappers(SimpleNamespace(optim_wrapper=wrapper)) == [wrapper]


def test_several_in_their_order() -> None:
    first, second = make(), make()
    several = OptimWrapperDict(head=first, backbone=second)
    assert optim_wrappers(SimpleNamespace(optim_wrapper=several)) == [first, second]


@pytest.mark.parametrize('attributes', [{}, {'optim_wrapper': None}, {'optim_wrapper': {'type': 'OptimWrapper'}}])
def test_none_is_built_yet(attributes: dict) -> None:
    """A runner that only tests, and one that still holds the config."""
    assert optim_wrappers(SimpleNamespace(**attributes)) == []


def test_accumulation_of_any_of_them() -> None:
    """Three batches for each step of the second optimiser: only after the third nothing is accumulated."""
    several = OptimWrapperDict(first=make(), second=make(3))
    runner, seen = SimpleNamespace(optim_wrapper=several), []
    for _ in range(4):
        for wrapper in several.values():
            wrapper.update_params(wrapper.optimizer.param_groups[0]['params'][0].sum())
        seen.append(in_accumulation(runner))
    assert seen == [True, True, False, True]
