"""Core-tuning's generated samples as its released code makes them."""

import torch

from cft.models.pairs import HardPairMixup
from cft.ops import full_precision, l2_normalize
from cft.registry import MODELS


@full_precision
@torch.no_grad()
def zero_masked_positive(features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Index of each anchor's "hardest positive" by an arg-min over a matrix that is 0 where there is no positive.

    The least of a row is one of these zeros, unless a similarity to a positive
    is negative, which it never is between features after a ReLU. The first zero
    counts, and index 0 is taken to mean that none was found: the anchor itself
    then takes its place. So an anchor of another class than sample 0 gets
    itself, one of the class of sample 0 the first sample that is no positive.

    Args:
        features: (N, D), normalised here.
        labels: (N,) integers.

    Returns:
        (N,) indices.

    Example:
        >>> zero_masked_positive(torch.ones(5, 2), torch.tensor([0, 0, 1, 1, 0])).tolist()
        [0, 1, 2, 3, 2]
    """
    features = l2_normalize(features)
    own = torch.arange(len(labels), device=labels.device)
    positive = (labels[:, None] == labels[None, :]) & (own[:, None] != own[None, :])
    masked = torch.where(positive, features @ features.T, 0.0)
    # Of equal values argmin may return any; the first is meant.
    first = (masked == masked.min(dim=1, keepdim=True).values).int().argmax(dim=1)
    return torch.where(first == 0, own, first)


@MODELS.register_module()
class ReleasedHardPairMixup(HardPairMixup):
    """:class:`cft.models.HardPairMixup` with deviations of Core-tuning's released code, each a switch of its own.

    Args:
        zero_masked: Take as hardest positive what :func:`zero_masked_positive` finds.
        any_partner: Mix the negatives with a permutation of the batch. Of ten
            balanced classes a tenth of the partners shares the anchor's class.
        kwargs: Those of :class:`cft.models.HardPairMixup`, whose pairs it
            generates when both are False.

    Example:
        >>> generator = ReleasedHardPairMixup(zero_masked=True, alpha=0.1)
        >>> generator(torch.rand(4, 8), torch.tensor([0, 0, 1, 1]), num_classes=2).positives.shape
        torch.Size([4, 8])
    """

    def __init__(self, zero_masked: bool = False, any_partner: bool = False, **kwargs: float) -> None:
        super().__init__(**kwargs)
        self.zero_masked = zero_masked
        self.any_partner = any_partner

    def hardest_pairs(
        self, features: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the positives are mixed of."""
        hardest_positive, hardest_negative, has_negative = super().hardest_pairs(features, labels)
        if self.zero_masked:
            hardest_positive = zero_masked_positive(features, labels)
        return hardest_positive, hardest_negative, has_negative

    def negative_partners(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What each anchor is mixed with to a negative; with ``any_partner`` every anchor has one."""
        if not self.any_partner:
            return super().negative_partners(labels)
        partner = torch.randperm(len(labels), device=labels.device)
        return partner, torch.ones_like(partner, dtype=torch.bool)

    def extra_repr(self) -> str:
        return f'zero_masked={self.zero_masked}, any_partner={self.any_partner}, {super().extra_repr()}'
