"""BatchNorm over parts of the batch, as if each part lay on a device of its own."""

from typing import Any

import torch
from torch import nn
from torch.nn.functional import batch_norm

from cft.errors import ConfigError
from cft.registry import MODELS


@MODELS.register_module('SplitBN')
class SplitBatchNorm2d(nn.BatchNorm2d):
    """Normalise each of ``num_splits`` parts of the batch with its own statistics.

    Momentum contrast relies on shuffled per-device BatchNorm; on one device
    splitting gives the same protection against keys that can be told by the
    statistics they share with their query. Parameter and buffer names are
    those of BatchNorm; evaluation is BatchNorm's. Use it as
    ``norm_cfg=dict(type='cft.SplitBN', num_splits=2)``.

    The running statistics move once for each batch, towards the mean of the
    parts' statistics, as in the released code of SCE.

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
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return torch.cat([super(SplitBatchNorm2d, self).forward(part) for part in parts])
        self.num_batches_tracked.add_(1)
        momentum = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        # Each part moves a row of its own.
        means, variances = (rows.repeat(len(parts), 1) for rows in (self.running_mean, self.running_var))
        normalised = [
            batch_norm(part, mean, variance, self.weight, self.bias, training=True, momentum=momentum, eps=self.eps)
            for part, mean, variance in zip(parts, means, variances, strict=True)
        ]
        self.running_mean.copy_(means.mean(dim=0))
        self.running_var.copy_(variances.mean(dim=0))
        return torch.cat(normalised)


def split_batch_norms(model: nn.Module, num_splits: int) -> None:
    """Let every BatchNorm2d of a model normalise a batch in parts, in place; names, tensors and settings stay.

    Layers of other kinds, derived ones included, stay as they are.

    Args:
        model: Not itself a BatchNorm.
        num_splits: Number of parts, at least 1.

    Raises:
        ConfigError: If there is no BatchNorm2d.

    Example:
        >>> model = nn.Sequential(nn.BatchNorm2d(3), nn.BatchNorm1d(3))
        >>> split_batch_norms(model, num_splits=2)
        >>> [type(layer).__name__ for layer in model]
        ['SplitBatchNorm2d', 'BatchNorm1d']
    """
    found = [
        (parent, name, layer)
        for parent in model.modules()
        for name, layer in parent.named_children()
        if type(layer) is nn.BatchNorm2d and not isinstance(parent, nn.BatchNorm2d)
    ]
    if not found:
        raise ConfigError(
            f'there is no BatchNorm2d that could normalise a batch in {num_splits} parts; build the backbone with '
            "norm_cfg=dict(type='BN')"
        )
    for parent, name, layer in found:
        setattr(parent, name, _split(layer, num_splits))


def _split(layer: nn.BatchNorm2d, num_splits: int) -> SplitBatchNorm2d:
    new = SplitBatchNorm2d.__new__(SplitBatchNorm2d)
    new.__dict__.update(layer.__dict__)
    new.num_splits = num_splits
    return new
