"""Hardness-directed mixup (Core-tuning, algorithm 1)."""

import torch

from cft.ops import full_precision, l2_normalize
from cft.registry import MODELS

from .base import MixedPairs, PairGenerator, check_batch, hard_targets, mix, no_pairs, sample_ratios
from .random_negatives import random_negatives

# Similarities in memory at a time.
BLOCK_ENTRIES = 2**20


@full_precision
@torch.no_grad()
def hardest_pairs(features: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find each anchor's hardest positive and hardest negative by cosine similarity.

    The anchors are taken in blocks, so that memory grows with N, not with its square.

    Returns:
        (N,) index of the least similar sample of the same class (the anchor
        itself if it is alone in its class), (N,) index of the most similar
        sample of another class, and (N,) boolean, whether there is any.
    """
    features = l2_normalize(features)
    size = max(BLOCK_ENTRIES // max(len(labels), 1), 1)
    blocks = [_hardest_of_block(features, labels, start, size) for start in range(0, len(labels), size)]
    positive, negative, has_negative = blocks[0] if len(blocks) == 1 else map(torch.cat, zip(*blocks, strict=True))
    return positive, negative, has_negative


def _hardest_of_block(
    features: torch.Tensor, labels: torch.Tensor, start: int, size: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    similarities = features[start : start + size] @ features.T
    same = labels[start : start + size, None] == labels
    # The most similar sample of another class; where there is none, all are -inf.
    largest, negative = similarities.masked_fill(same, -torch.inf).max(dim=1)
    # An anchor alone in its class finds nothing below the 4 at its own place; a NaN it finds as ever.
    similarities.diagonal(offset=start).fill_(4.0)
    positive = similarities.masked_fill_(~same, torch.inf).argmin(dim=1)
    return positive, negative, largest != -torch.inf


@MODELS.register_module()
class HardPairMixup(PairGenerator):
    """Generate a hard positive and a hard negative for each anchor, on features.

    - positive: ``lam * hardest positive + (1 - lam) * hardest negative``. An
      anchor alone in its class takes itself as hardest positive; without any
      other class in the batch nothing is mixed in (lam = 1).
    - negative: ``(1 - lam) * anchor + lam * random sample of another class``,
      with ``lam >= negative_threshold``; none without another class.

    ``lam ~ Beta(alpha, alpha)``, drawn per anchor and per pair. The labels mix
    with the same ratio. Gradients flow into every mixed feature; the search
    for the hardest ones carries none.

    Args:
        alpha: Beta parameter (Core-tuning, table 2).
        negative_threshold: lambda_n, lower clip of the negative's ratio.
        positive_threshold: lambda_p, lower clip of the positive's ratio; 0 is no clip.

    Raises:
        ValueError: If alpha is not positive, or a threshold lies outside [0, 1].

    Example:
        >>> pairs = HardPairMixup()(torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 2, 2]), num_classes=3)
        >>> pairs.positives.shape, pairs.positive_targets.shape
        (torch.Size([6, 16]), torch.Size([6, 3]))
    """

    def __init__(self, alpha: float = 1.0, negative_threshold: float = 0.8, positive_threshold: float = 0.0) -> None:
        super().__init__(alpha)
        for name, value in (('negative', negative_threshold), ('positive', positive_threshold)):
            if not 0 <= value <= 1:
                raise ValueError(f'{name}_threshold must lie in [0, 1], got {value}')
        self.negative_threshold = negative_threshold
        self.positive_threshold = positive_threshold

    def forward(self, features: torch.Tensor, labels: torch.Tensor, num_classes: int) -> MixedPairs:
        """Generate the pairs.

        Args:
            features: (N, D) encoder features.
            labels: (N,) integers in [0, num_classes).
            num_classes: Width of the soft labels.

        Raises:
            ValueError: If a shape does not fit, or labels are not integers.
            DataError: If a label lies outside [0, num_classes).
        """
        check_batch(features, labels, num_classes)
        if len(features) == 0:
            return no_pairs(features, num_classes)
        hardest_positive, hardest_negative, has_negative = self.hardest_pairs(features, labels)
        # In one draw: a compiler takes two calls with the same arguments for one.
        ratio, negative_ratio = sample_ratios(2 * len(features), self.alpha, features).chunk(2)
        ratio = ratio.clamp(min=self.positive_threshold).masked_fill(~has_negative[:, None], 1.0)
        negative_ratio = negative_ratio.clamp(min=self.negative_threshold)
        partner, has_partner = self.negative_partners(labels)

        # Positives, then negatives, mixed of rows of the batch.
        own = torch.arange(len(labels), device=labels.device)
        ratios = torch.cat([ratio, negative_ratio])
        first, second = torch.cat([hardest_positive, partner]), torch.cat([hardest_negative, own])
        targets = hard_targets(labels, num_classes, features)
        (positives, negatives), (positive_targets, negative_targets) = (
            mix(ratios, rows.index_select(0, first), rows.index_select(0, second)).chunk(2)
            for rows in (features, targets)
        )
        return MixedPairs(
            positives, positive_targets, torch.ones_like(has_negative), negatives, negative_targets, has_partner
        )

    def hardest_pairs(
        self, features: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the positives are mixed of, as :func:`hardest_pairs` finds it."""
        return hardest_pairs(features, labels)

    def negative_partners(self, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N,) index of what each anchor is mixed with to a negative, and (N,) boolean, whether there is any."""
        return random_negatives(labels)

    def extra_repr(self) -> str:
        return (
            f'alpha={self.alpha}, negative_threshold={self.negative_threshold}, '
            f'positive_threshold={self.positive_threshold}'
        )
