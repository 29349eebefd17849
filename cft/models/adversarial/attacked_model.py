"""A model while it is attacked: which mode it is in, and that nothing of it changes."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cft.errors import ConfigError

MODES = ('eval', 'train')


@contextmanager
def under_attack(model: nn.Module, mode: str = 'eval') -> Iterator[None]:
    """Put a model into the mode in which it is attacked; afterwards each module has its own mode again.

    With ``'eval'`` BatchNorm normalises by its running statistics, and dropout
    and stochastic depth are off: the loss that the attack raises is the one of
    inference, and an image's perturbation does not depend on the others of the
    batch. With ``'train'`` modules stay as they are, so that BatchNorm takes
    the statistics of the attacked batch and every step has other dropout. The
    running statistics move in neither.

    Args:
        model: May be in the middle of a training step.
        mode: ``'eval'`` or ``'train'``.

    Example:
        >>> norm = nn.BatchNorm1d(2)
        >>> with under_attack(norm, 'train'):
        ...     _ = norm(torch.randn(4, 2))
        >>> norm.training, norm.num_batches_tracked.item()
        (True, 0)
    """
    check_mode(mode)
    modes = [(module, module.training) for module in model.modules()]
    tracking = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    try:
        if mode == 'eval':
            model.eval()
        else:
            # In training, BatchNorm without them takes the batch's own.
            for norm in tracking:
                norm.track_running_stats = False
        yield
    finally:
        for norm in tracking:
            norm.track_running_stats = True
        for module, training in modes:
            module.training = training


def check_mode(mode: str) -> None:
    """Refuse a mode that no model has."""
    if mode not in MODES:
        raise ConfigError(f"model_mode of an attack must be 'eval' or 'train', got {mode!r}")
