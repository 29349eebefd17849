"""Half the squared distance of many tensors at once."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class _HalfSquaredDistance(torch.autograd.Function):
    """A few calls for all tensors, and their exact gradient, ``w - w0``."""

    @staticmethod
    def forward(ctx: Any, origins: Sequence[Tensor] | None, *weights: Tensor) -> Tensor:
        ctx.differences = list(weights) if origins is None else torch._foreach_sub(list(weights), list(origins))
        norms = torch._foreach_norm(ctx.differences, 2, dtype=torch.promote_types(weights[0].dtype, torch.float32))
        return 0.5 * torch.stack(norms).square().sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        scale = gradient.to(ctx.differences[0].dtype)
        return None, *torch._foreach_mul(ctx.differences, scale)


def half_squared_distance(weights: Sequence[Tensor], origins: Sequence[Tensor] | None = None) -> Tensor:
    """``1/2 sum_i ||w_i - o_i||^2``, its gradient ``w_i - o_i``.

    Args:
        weights: At least one tensor, all of one floating type and device.
        origins: Tensors of the same shapes; None: zeros.

    Returns:
        Scalar, float32 or wider.

    Example:
        >>> half_squared_distance([torch.tensor([3.0, 4.0])], [torch.tensor([0.0, 4.0])])
        tensor(4.5000)
    """
    return _HalfSquaredDistance.apply(origins, *weights)  # type: ignore[no-untyped-call]  # PyTorch does not type it
