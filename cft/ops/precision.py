"""Run a function in full precision whatever autocast and the inputs say."""

import functools
from collections.abc import Callable, Iterable
from typing import TypeGuard, TypeVar

import torch

T = TypeVar('T')


def _is_floating(value: object) -> TypeGuard[torch.Tensor]:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def arithmetic_type(values: Iterable[object]) -> torch.dtype:
    """float32, or the widest type among the floating-point tensors, if that is wider.

    Example:
        >>> arithmetic_type([torch.zeros(1, dtype=torch.bfloat16), None])
        torch.float32
    """
    return functools.reduce(
        torch.promote_types, (value.dtype for value in values if _is_floating(value)), torch.float32
    )


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
        widest = arithmetic_type(tensors)
        args = tuple(value.to(widest) if _is_floating(value) else value for value in args)
        kwargs = {name: value.to(widest) if _is_floating(value) else value for name, value in kwargs.items()}
        with torch.autocast(tensors[0].device.type if tensors else 'cpu', enabled=False):
            return function(*args, **kwargs)

    return wrapper
