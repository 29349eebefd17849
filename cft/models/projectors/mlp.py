"""Multi-layer perceptron between features and the unit sphere of a loss."""

from itertools import pairwise

import torch
from mmengine.model import BaseModule
from torch import nn

from cft.registry import MODELS


@MODELS.register_module()
class MLPProjector(BaseModule):
    """``num_layers`` linear layers with ReLU (and optional BatchNorm) between them.

    The default is Core-tuning's projection head: 2 layers, hidden width that of
    the input, 256 outputs (Core-tuning, appendix C.2 and table 2).

    Args:
        in_channels: D, width of the features.
        hidden_channels: Width between the layers; None: ``in_channels``.
        out_channels: Width of the projection.
        num_layers: Number of linear layers, at least 1.
        batch_norm: Put a BatchNorm after each hidden layer.

    Example:
        >>> MLPProjector(in_channels=512)(torch.randn(4, 512)).shape
        torch.Size([4, 256])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int | None = None,
        out_channels: int = 256,
        num_layers: int = 2,
        batch_norm: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if num_layers < 1:
            raise ValueError(f'num_layers must be at least 1, got {num_layers}')
        hidden = in_channels if hidden_channels is None else hidden_channels
        widths = [in_channels, *[hidden] * (num_layers - 1), out_channels]
        layers: list[nn.Module] = []
        for index, (width_in, width_out) in enumerate(pairwise(widths)):
            last = index == num_layers - 1
            layers.append(nn.Linear(width_in, width_out, bias=last or not batch_norm))
            if not last:
                layers += [nn.BatchNorm1d(width_out)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*layers)
        self.out_channels = out_channels

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Project (N, in_channels) features to (N, out_channels)."""
        return self.layers(features)
