"""Compare a loss with its float64 oracle, value and gradients."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Tolerance(NamedTuple):
    """Relative bounds of value and gradient, and the absolute bound of both."""

    value: float
    gradient: float
    absolute: float


# The arithmetic is float32 for the short types too: only their gradients are rounded once more, to half a unit.
TOLERANCES = {
    torch.float64: Tolerance(1e-10, 1e-10, 1e-12),
    torch.float32: Tolerance(1e-5, 1e-5, 1e-5),
    torch.float16: Tolerance(1e-5, 2**-11, 1e-5),
    torch.bfloat16: Tolerance(1e-5, 2**-8, 1e-5),
}


def random_rows(count: int, width: int = 5, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Reproducible normal rows, drawn in float64 and rounded to ``dtype``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=generator, dtype=torch.float64).to(dtype)


def value_and_gradients(function: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Evaluate a scalar function and its gradient with respect to every input."""
    leaves = [value.detach().clone().requires_grad_() for value in inputs]
    value = function(*leaves)
    return value.detach(), list(torch.autograd.grad(value, leaves, materialize_grads=True))


def assert_matches_oracle(loss: Callable[..., Tensor], oracle: Callable[..., Tensor], *inputs: Tensor) -> None:
    """Value and gradients of ``loss`` are those of ``oracle`` on the same (already rounded) inputs."""
    tolerance = TOLERANCES[inputs[0].dtype]
    value, gradients = value_and_gradients(loss, *inputs)
    expected, expected_gradients = value_and_gradients(oracle, *(rows.double() for rows in inputs))
    assert value.dtype == torch.promote_types(inputs[0].dtype, torch.float32)
    torch.testing.assert_close(value.double(), expected, rtol=tolerance.value, atol=tolerance.absolute)
    for rows, gradient, expected_gradient in zip(inputs, gradients, expected_gradients, strict=True):
        assert gradient.dtype == rows.dtype
        torch.testing.assert_close(
            gradient.double(), expected_gradient, rtol=tolerance.gradient, atol=tolerance.absolute
        )
