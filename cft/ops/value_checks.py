"""Checks of what a tensor holds that no training step on a GPU waits for."""

from collections.abc import Callable

import torch
from torch import Tensor

# In place of the value that is found wrong, where it is not known.
UNKNOWN = '(a value on the device)'


def check_values(values: Tensor, fine: Tensor, error: type[Exception], message: Callable[[object], str]) -> None:
    """Raise an error that names the first value that is not fine.

    On CUDA reading the answer would stop the host until the device has caught
    up, and in a compiled function it would break the graph. There the device
    itself stops with the error's text, without the value, some operations
    later; ``CUDA_LAUNCH_BLOCKING=1`` tells where.

    Args:
        values: What was given.
        fine: Boolean, of the same shape.
        error: Its type.
        message: Tells what is wrong with a value.

    Example:
        >>> labels = torch.tensor([0, 7])
        >>> check_values(labels, labels < 3, ValueError, lambda label: f'label {label} is too large')
        Traceback (most recent call last):
        ...
        ValueError: label 7 is too large
    """
    if values.is_cuda or torch.compiler.is_compiling():
        torch._assert_async(fine.all(), message(UNKNOWN))
    elif not fine.all():
        raise error(message(values[~fine][0].item()))
