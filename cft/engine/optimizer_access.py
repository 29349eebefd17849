"""Reach the optimisers of a run."""

from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner


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
