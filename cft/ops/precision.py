"""Run a function in full precision whatever autocast and the inputs say."""

import functools
from collections.abc import Callable
from typing import TypeGuard, TypeVar

import torch

T = TypeVar('T')


def _is_floating(value: object) -> TypeGuard[torch.Tensor]:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def full_precision(function: Callable[..., T]) -> Callable[..., T]:
    """Decorate ``function`` so that its arithmetic is at least float32.

    Floating-point tensor arguments are widened to float32, or to float64 if one
    of them is that, so that they can be multiplied with each other (gradients
    flow back in the original type). Autocast is switched off inside, since it
    would turn the matrix products of similarities into half precision.

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
        tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, torch.Tensor)]
        types = [tensor.dtype for tensor in tensors if tensor.is_floating_point()]
        widest = functools.reduce(torch.promote_types, types, torch.float32)
        args = tuple(value.to(widest) if _is_floating(value) else value for value in args)
        kwargs = {name: value.to(widest) if _is_floating(value) else value for name, value in kwargs.items()}
        with torch.autocast(tensors[0].device.type if tensors else 'cpu', enabled=False):
            return function(*args, **kwargs)

    return wrapper
