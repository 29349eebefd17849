"""See what passes through a layer of another library's model, without running anything twice."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


@contextlib.contextmanager
def record_calls(module: nn.Module) -> Iterator[list[tuple[torch.Tensor, torch.Tensor]]]:
    """Collect (input, output) of every call of ``module`` inside the block.

    Example:
        >>> layer = nn.Linear(2, 3)
        >>> with record_calls(layer) as calls:
        ...     _ = layer(torch.zeros(1, 2))
        >>> calls[0][1].shape
        torch.Size([1, 3])
    """
    calls: list[tuple[torch.Tensor, torch.Tensor]] = []
    handle = module.register_forward_hook(lambda _, inputs, output: calls.append((inputs[0], output)))
    try:
        yield calls
    finally:
        handle.remove()
