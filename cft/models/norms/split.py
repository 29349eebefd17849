"""BatchNorm over parts of the batch, as if each part lay on a device of its own."""

from typing import Any

import torch
from torch import nn

from cft.registry import MODELS


@MODELS.register_module('SplitBN')
class SplitBatchNorm2d(nn.BatchNorm2d):
    """Normalise each of ``num_splits`` parts of the batch with its own statistics.

    Momentum contrast relies on shuffled per-device BatchNorm; on one device
    splitting gives the same protection against keys that can be told by the
    statistics they share with their query. Parameter and buffer names are
    those of BatchNorm; evaluation is BatchNorm's. Use it as
    ``norm_cfg=dict(type='cft.SplitBN', num_splits=2)``.

    Args:
        num_features: C, number of channels.
        num_splits: Number of parts; a batch of fewer than two rows per part is not split.

    Example:
        >>> SplitBatchNorm2d(3, num_splits=2)(torch.randn(4, 3, 8, 8)).shape
        torch.Size([4, 3, 8, 8])
    """

    def __init__(self, num_features: int, num_splits: int = 2, **kwargs: Any) -> None:
        super().__init__(num_features, **kwargs)
        self.num_splits = num_splits

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalise (N, C, H, W)."""
        if not self.training or len(features) < 2 * self.num_splits:
            return super().forward(features)
        parts = features.tensor_split(self.num_splits)
        return torch.cat([super(SplitBatchNorm2d, self).forward(part) for part in parts])
