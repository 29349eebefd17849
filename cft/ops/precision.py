"""Run a function in full precision whatever autocast and the inputs say."""

import functools
from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar('T')


def _widen(value: object) -> object:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.to(torch.promote_types(value.dtype, torch.float32))
    return value


def full_precision(function: Callable[..., T]) -> Callable[..., T]:
    """Decorate ``function`` so that its arithmetic is at least float32.

    Floating-point tensor arguments of lower precision are widened (gradients
    flow back in the original type) and autocast is switched off inside, since
    it would turn the matrix products of similarities into half precision.
    float64 stays float64.

    Example:
        >>> import torch
        >>> @full_precision
        ... def total(x):
        ...     return x.sum()
        >>> total(torch.ones(3, dtype=torch.float16)).dtype
        torch.float32
    """

    @functools.wraps(function)
    def wrapper(*args: object, **kwargs: object) -> T:
        args = tuple(_widen(value) for value in args)
        kwargs = {name: _widen(value) for name, value in kwargs.items()}
        device = next((v.device.type for v in (*args, *kwargs.values()) if isinstance(v, torch.Tensor)), 'cpu')
        with torch.autocast(device, enabled=False):
            return function(*args, **kwargs)

    return wrapper
