"""Plain manifold mixup (Verma et al. 2019), Core-tuning's ablation "mix"."""

import torch

from cft.registry import MODELS

from .base import MixedPairs, PairGenerator, check_batch, hard_targets, mix, no_pairs, sample_ratios


@MODELS.register_module()
class ManifoldMixup(PairGenerator):
    """Mix each feature with that of a random sample of the batch.

    ``lam * anchor + (1 - lam) * partner``, lam ~ Beta(alpha, alpha) per anchor,
    folded to lam >= 1/2, so that the anchor's class leads and the mixture
    counts as a positive of the anchor. (Folding changes nothing but the order
    of the two partners, as Beta(alpha, alpha) is symmetric.) No negatives.

    Raises:
        ValueError: If alpha is not positive.

    Example:
        >>> pairs = ManifoldMixup()(torch.randn(4, 16), torch.tensor([0, 0, 1, 1]), num_classes=2)
        >>> pairs.negative_mask.any()
        tensor(False)
    """

    def forward(self, features: torch.Tensor, labels: torch.Tensor, num_classes: int) -> MixedPairs:
        """Generate the mixtures; shapes and errors as in :class:`HardPairMixup`."""
        check_batch(features, labels, num_classes)
        if len(features) == 0:
            return no_pairs(features, num_classes)
        targets = hard_targets(labels, num_classes, features)
        partner = torch.randperm(len(features), device=features.device)
        ratio = sample_ratios(len(features), self.alpha, features)
        ratio = torch.maximum(ratio, 1 - ratio)
        exists = torch.ones(len(features), dtype=torch.bool, device=features.device)
        return MixedPairs(
            mix(ratio, features, features[partner]),
            mix(ratio, targets, targets[partner]),
            exists,
            features,
            targets,
            ~exists,
        )
