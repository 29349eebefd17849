"""Reach the optimisers of a run."""

from collections.abc import Iterable

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import nn
from torch.optim import Optimizer


def optim_wrappers(runner: Runner) -> list[OptimWrapper]:
    """The wrapper of each optimiser of a run: of the one that most have, or of several.

    Args:
        runner: Any; before it trains, its optimisers may not be built, and there are none.

    Example:
        >>> [wrapper.get_lr()['lr'] for wrapper in optim_wrappers(runner)]  # doctest: +SKIP
        [[0.1]]
    """
    wrapper = getattr(runner, 'optim_wrapper', None)
    if isinstance(wrapper, OptimWrapperDict):
        return list(wrapper.values())
    return [wrapper] if isinstance(wrapper, OptimWrapper) else []


def in_accumulation(runner: Runner) -> bool:
    """Whether batches have been seen since the last optimiser step."""
    return any(not wrapper.should_update() for wrapper in optim_wrappers(runner))


def own_groups(optimizer: Optimizer, parameters: Iterable[nn.Parameter]) -> list[dict]:
    """The parameter groups that hold these parameters and no others.

    A group that holds both is divided; the new one, at the end, has the
    settings of the old one. Call it before the state of the optimiser is
    loaded, which fits the groups of the run that it comes from.

    Args:
        optimizer: Its groups may be changed.
        parameters: Those that it does not hold are left out.

    Example:
        >>> import torch
        >>> weight, bias = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))
        >>> optimizer = torch.optim.SGD([weight, bias], lr=0.1)
        >>> [len(group['params']) for group in own_groups(optimizer, [bias])], len(optimizer.param_groups)
        ([1], 2)
    """
    wanted = {id(parameter) for parameter in parameters}
    found = []
    for group in list(optimizer.param_groups):
        own = [parameter for parameter in group['params'] if id(parameter) in wanted]
        if own and len(own) < len(group['params']):
            group['params'] = [parameter for parameter in group['params'] if id(parameter) not in wanted]
            optimizer.add_param_group({**group, 'params': own})
            group = optimizer.param_groups[-1]
        found += [group] if own else []
    return found
