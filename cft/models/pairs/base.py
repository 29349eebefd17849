"""What every pair generator returns, and the switch that hooks turn."""

from typing import NamedTuple

import torch
from torch import nn


class MixedPairs(NamedTuple):
    """Generated samples: row i belongs to anchor i.

    Attributes:
        positives: (N, D) generated positives.
        positive_targets: (N, num_classes) their soft labels, rows sum to 1.
        positive_mask: (N,) boolean, which of them exist.
        negatives: (N, D) generated negatives.
        negative_targets: (N, num_classes) their soft labels.
        negative_mask: (N,) boolean, which of them exist.
    """

    positives: torch.Tensor
    positive_targets: torch.Tensor
    positive_mask: torch.Tensor
    negatives: torch.Tensor
    negative_targets: torch.Tensor
    negative_mask: torch.Tensor


class PairGenerator(nn.Module):
    """Base of the generators: a mixing strength and a switch.

    Args:
        alpha: Parameter of Beta(alpha, alpha), from which mixing ratios come.

    Attributes:
        enabled: A switched-off generator is skipped by the branch; hooks set it.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        if alpha <= 0:
            raise ValueError(f'alpha must be positive, got {alpha}')
        self.alpha = alpha
        self.enabled = True

    def extra_repr(self) -> str:
        return f'alpha={self.alpha}'


def sample_ratios(number: int, alpha: float, like: torch.Tensor) -> torch.Tensor:
    """(number, 1) ratios from Beta(alpha, alpha), of the type and device of ``like``.

    Drawn in float64: with a small alpha both gamma variates behind a Beta
    variate can underflow in float32, and their ratio is NaN.
    """
    shape = torch.full((number, 1), alpha, dtype=torch.float64)
    return torch.distributions.Beta(shape, shape).sample().to(like)


def no_pairs(features: torch.Tensor, num_classes: int) -> MixedPairs:
    """What an empty batch generates, still connected to its (0, D) features."""
    targets = features.new_zeros(0, num_classes)
    exists = features.new_zeros(0, dtype=torch.bool)
    return MixedPairs(features, targets, exists, features, targets, exists)


def mix(ratio: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """``ratio * first + (1 - ratio) * second``; exactly ``first`` where the ratio is 1."""
    return torch.lerp(second, first, ratio)
