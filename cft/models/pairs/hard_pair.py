"""Hardness-directed mixup (Core-tuning, algorithm 1)."""

import torch
import torch.nn.functional as F

from cft.ops import full_precision, l2_normalize
from cft.registry import MODELS

from .base import MixedPairs, PairGenerator, check_batch, mix, no_pairs, sample_ratios


@full_precision
@torch.no_grad()
def hardest_pairs(features: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find each anchor's hardest positive and hardest negative by cosine similarity.

    Returns:
        (N,) index of the least similar sample of the same class (the anchor
        itself if it is alone in its class), (N,) index of the most similar
        sample of another class, and (N, N) boolean, which pairs are negatives.
    """
    features = l2_normalize(features)
    similarities = features @ features.T
    same = labels[:, None] == labels[None, :]
    others_of_class = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    hardest_positive = similarities.masked_fill(~others_of_class, torch.inf).argmin(dim=1)
    own = torch.arange(len(labels), device=labels.device)
    hardest_positive = torch.where(others_of_class.any(dim=1), hardest_positive, own)
    hardest_negative = similarities.masked_fill(same, -torch.inf).argmax(dim=1)
    return hardest_positive, hardest_negative, ~same


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
        hardest_positive, hardest_negative, negative = self.hardest_pairs(features, labels)
        targets = F.one_hot(labels.long(), num_classes).to(features)
        has_negative = negative.any(dim=1)

        ratio = sample_ratios(len(features), self.alpha, features).clamp(min=self.positive_threshold)
        ratio = torch.where(has_negative[:, None], ratio, torch.ones_like(ratio))
        positives = mix(ratio, features[hardest_positive], features[hardest_negative])
        positive_targets = mix(ratio, targets[hardest_positive], targets[hardest_negative])

        ratio = sample_ratios(len(features), self.alpha, features).clamp(min=self.negative_threshold)
        partner, has_partner = self.negative_partners(negative)
        negatives = mix(ratio, features[partner], features)
        negative_targets = mix(ratio, targets[partner], targets)
        return MixedPairs(
            positives, positive_targets, torch.ones_like(has_negative), negatives, negative_targets, has_partner
        )

    def hardest_pairs(
        self, features: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the positives are mixed of, as :func:`hardest_pairs` finds it."""
        return hardest_pairs(features, labels)

    def negative_partners(self, negative: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N,) index of what each anchor is mixed with to a negative, and (N,) boolean, whether there is any.

        Args:
            negative: (N, N) boolean, which samples are of another class.
        """
        scores = torch.rand(negative.shape, device=negative.device).masked_fill(~negative, -1.0)
        return scores.argmax(dim=1), negative.any(dim=1)

    def extra_repr(self) -> str:
        return (
            f'alpha={self.alpha}, negative_threshold={self.negative_threshold}, '
            f'positive_threshold={self.positive_threshold}'
        )
