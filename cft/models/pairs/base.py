"""What every pair generator returns, and the switch that hooks turn."""

from typing import NamedTuple

import torch
from torch import nn

from cft.errors import DataError
from cft.ops import check_values


class MixedPairs(NamedTuple):
    """Generated samples: row i belongs to anchor i.

    Attributes:
        positives: (N, D) generated positives.
        positive_targets: (N, num_classes) their soft labels, rows sum to 1.
        positive_mask: (N,) boolean, which of them exist.
        negatives: (N, D) generated negatives.
        negative_targets: (N, num_classes) their soft labels.
        negative_mask: (N,) boolean, which of them exist.

    Example:
        >>> no_pairs(torch.zeros(0, 8), num_classes=3).positive_targets.shape
        torch.Size([0, 3])
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

    Raises:
        ValueError: If alpha is not positive.

    Example:
        >>> class NoPairs(PairGenerator):
        ...     def forward(self, features, labels, num_classes):
        ...         return no_pairs(features[:0], num_classes)
        >>> NoPairs(alpha=0.4)
        NoPairs(alpha=0.4)
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
    ratios = torch.distributions.Beta(shape, shape, validate_args=False).sample()
    # The copy has left this memory when the call returns, without waiting for what the device is doing.
    return ratios.to(like, non_blocking=True)


def hard_targets(labels: torch.Tensor, num_classes: int, like: torch.Tensor) -> torch.Tensor:
    """(N, num_classes) one-hot rows of checked labels, of the type of ``like``; unlike torch's without reading them."""
    return like.new_zeros(len(labels), num_classes).scatter_(1, labels.long()[:, None], 1.0)


def no_pairs(features: torch.Tensor, num_classes: int) -> MixedPairs:
    """What an empty batch generates, still connected to its (0, D) features."""
    targets = features.new_zeros(0, num_classes)
    exists = features.new_zeros(0, dtype=torch.bool)
    return MixedPairs(features, targets, exists, features, targets, exists)


def mix(ratio: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """``ratio * first + (1 - ratio) * second``; exactly ``first`` where the ratio is 1."""
    # Of halves: the difference of two numbers of opposite sign can be too large for their type.
    return 2 * torch.lerp(second / 2, first / 2, ratio)


def check_batch(features: torch.Tensor, labels: torch.Tensor, num_classes: int) -> None:
    """Check what a generator is given.

    Raises:
        ValueError: If features are not (N, D) floating-point numbers, or labels not (N,) integers.
        DataError: If a label is none of the classes.

    Example:
        >>> check_batch(torch.zeros(2, 4), torch.tensor([0, 2]), num_classes=3)
    """
    if features.dim() != 2 or not features.is_floating_point():
        raise ValueError(
            f'features must be (N, D) floating-point numbers, got {tuple(features.shape)} of {features.dtype}'
        )
    if labels.shape != features.shape[:1] or labels.is_floating_point() or labels.is_complex():
        raise ValueError(f'labels must be ({len(features)},) integers, got {tuple(labels.shape)} of {labels.dtype}')
    check_values(
        labels,
        (labels >= 0) & (labels < num_classes),
        DataError,
        lambda label: (
            f'the label {label} is none of the {num_classes} classes 0 to {num_classes - 1}; '
            "set num_classes to the data's number of classes, or mend the labels"
        ),
    )
