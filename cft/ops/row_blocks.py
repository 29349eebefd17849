"""Apply a function of rows block by block, and again for the gradient, so that nothing but its inputs is kept."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.autograd.function import once_differentiable

# Rows of a block.
BLOCK = 1024


def by_row_blocks(function: Callable[..., torch.Tensor], *rows: torch.Tensor) -> torch.Tensor:
    """``function(*rows)`` for a function that treats each row by itself; memory beyond inputs and results is a block's.

    Args:
        function: From tensors with equally many rows to one with as many. It is called once more for the gradient.
        rows: (n, ...) tensors; floating-point ones receive gradients, once.

    Example:
        >>> by_row_blocks(lambda first, second: (first * second).sum(dim=1), torch.eye(2), torch.ones(2, 2))
        tensor([1., 1.])
    """
    if len(rows[0]) <= BLOCK:
        return function(*rows)
    apply: Callable[..., torch.Tensor] = _ByRowBlocks.apply
    return apply(function, *rows)


def _blocks(number: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, number, BLOCK))


class _ByRowBlocks(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Callable[..., torch.Tensor], *rows: torch.Tensor) -> torch.Tensor:
        ctx.function = function
        ctx.save_for_backward(*rows)
        first, *others = _blocks(len(rows[0]))
        part = function(*(each[first] for each in rows))
        result = part.new_empty(len(rows[0]), *part.shape[1:])
        result[first] = part
        for block in others:
            result[block] = function(*(each[block] for each in rows))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        rows, wanted = ctx.saved_tensors, ctx.needs_input_grad[1:]
        results = [torch.empty_like(each) if needed else None for each, needed in zip(rows, wanted, strict=True)]
        with torch.enable_grad(), torch.autocast(gradient.device.type, enabled=False):
            for block in _blocks(len(rows[0])):
                leaves = [
                    each[block].detach().requires_grad_(needed) for each, needed in zip(rows, wanted, strict=True)
                ]
                sources = [leaf for leaf in leaves if leaf.requires_grad]
                found = iter(torch.autograd.grad(ctx.function(*leaves), sources, gradient[block]))
                for result in results:
                    if result is not None:
                        result[block] = next(found)
        return None, *results
