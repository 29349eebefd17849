"""Layers that get features of another width than the config gave them."""

import contextlib
import re
from collections.abc import Iterator
from types import TracebackType

from torch import nn

from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError

# As torch words it: of a linear layer and of a convolution; the widths that come and that are taken.
PRODUCT = re.compile(r'shapes cannot be multiplied \(\d+x(?P<comes>\d+) and (?P<takes>\d+)x\d+\)')
CHANNELS = re.compile(r'expected input\[.+\] to have (?P<takes>\d+) channels, but got (?P<comes>\d+) channels')


@contextlib.contextmanager
def explained_shapes(model: nn.Module) -> Iterator[None]:
    """Name the layer of a model that gets features of another width than it takes.

    Args:
        model: That runs inside; with or without wrappers.

    Raises:
        ConfigError: Instead of torch's ``RuntimeError`` about two shapes.

    Example:
        >>> model = nn.Sequential(nn.Linear(3, 2))
        >>> with explained_shapes(model):
        ...     model(torch.ones(1, 4))
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: model.0 takes 3 channels and gets 4: set in_channels=None, or correct what is before it
    """
    try:
        yield
    except RuntimeError as error:
        found = PRODUCT.search(str(error)) or CHANNELS.search(str(error))
        name = _running_layer(unwrap_model(model), error.__traceback__)
        if found is None or name is None:
            raise
        raise ConfigError(
            f'model.{name} takes {found["takes"]} channels and gets {found["comes"]}: set in_channels=None, or correct '
            'what is before it'
        ) from error


def _running_layer(model: nn.Module, traceback: TracebackType | None) -> str | None:
    """Name of the innermost module of the model whose code was running."""
    names = {id(module): name for name, module in model.named_modules()}
    running = None
    while traceback is not None:
        running = names.get(id(traceback.tb_frame.f_locals.get('self')), running)
        traceback = traceback.tb_next
    return running
