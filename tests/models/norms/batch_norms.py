"""Layers and batches for the tests of auxiliary BatchNorm."""

import torch
from torch import Tensor, nn


def batch(rows: int = 6, scale: float = 2.0) -> Tensor:
    return torch.randn(rows, 3, 4, 5, dtype=torch.float64) * scale + 1


def randomised(layer: nn.Module) -> nn.Module:
    """The layer in float64 with affine maps and running statistics unlike those of a new one."""
    for tensor in layer.double().state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return layer


def plain_state(layer: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in layer.state_dict().items() if 'auxiliary' not in name}
