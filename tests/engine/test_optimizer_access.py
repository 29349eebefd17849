"""optim_wrappers for every form that a runner's attribute takes."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import nn

from cft.engine.optimizer_access import in_accumulation, optim_wrappers, own_groups


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


@pytest.mark.parametrize('wanted', [[0], [1, 2], [0, 3], [0, 1, 2, 3], []])
def test_own_groups(wanted: list[int]) -> None:
    """Every parameter keeps its settings, and those wanted share a group with no other; once more changes nothing."""
    parameters = [nn.Parameter(torch.zeros(1)) for _ in range(4)]
    optimizer = torch.optim.SGD([{'params': parameters[:2], 'lr': 0.1}, {'params': parameters[2:], 'lr': 0.2}])

    def rates() -> dict[int, float]:
        return {
            number: group['lr']
            for group in optimizer.param_groups
            for number, parameter in enumerate(parameters)
            if any(parameter is held for held in group['params'])
        }

    before = rates()
    found = own_groups(optimizer, [parameters[index] for index in wanted] + [nn.Parameter(torch.zeros(1))])
    held = sorted(i for group in found for i, q in enumerate(parameters) for p in group['params'] if p is q)
    assert held == wanted and rates() == before and {id(g) for g in found} <= {id(g) for g in optimizer.param_groups}
    count = len(optimizer.param_groups)
    again = own_groups(optimizer, [parameters[index] for index in wanted])
    assert len(again) == len(found) and len(optimizer.param_groups) == count
