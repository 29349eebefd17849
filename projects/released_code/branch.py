"""A contrastive branch that can hold back the gradient of the originals, as Core-tuning's released code does."""

import inspect

import torch

from cft.models import ContrastiveBranch
from cft.models.pairs import MixedPairs
from cft.registry import MODELS


@MODELS.register_module()
class ReleasedBranch(ContrastiveBranch):
    """:class:`cft.models.ContrastiveBranch` with a switch, which hands soft labels to a loss that takes them.

    Args:
        detach_originals: Where samples are generated, the originals enter the
            loss without gradient to the encoder, which is then trained through
            the mixtures alone.
        kwargs: Those of :class:`cft.models.ContrastiveBranch`.

    Example:
        >>> branch = ReleasedBranch(
        ...     detach_originals=True,
        ...     loss=dict(type='projects.released_code.ReleasedSupConLoss', focal=True, labelled_mixtures=True),
        ...     pairs=dict(type='cft.HardPairMixup'))
        >>> loss, mixed = branch(torch.randn(4, 16), torch.tensor([0, 0, 1, 1]), num_classes=2)
    """

    def __init__(self, detach_originals: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.detach_originals = detach_originals

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, num_classes: int, images: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, MixedPairs | None]:
        """Compute the weighted loss, as :meth:`cft.models.ContrastiveBranch.forward` does."""
        mixed = self.generate(features, labels, num_classes)
        if mixed is None:
            return super().forward(features, labels, num_classes, images)
        originals = features.detach() if self.detach_originals else features
        originals, positives, negatives = self._project(
            torch.cat([originals, mixed.positives, mixed.negatives])
        ).tensor_split(3)
        generated = {
            'extra_positives': positives,
            'extra_negatives': negatives,
            'positive_mask': mixed.positive_mask,
            'negative_mask': mixed.negative_mask,
        }
        if 'positive_targets' in inspect.signature(self.loss.forward).parameters:
            generated |= {'positive_targets': mixed.positive_targets, 'negative_targets': mixed.negative_targets}
        return self.loss_weight * self.loss(originals, labels, **generated), mixed

    def extra_repr(self) -> str:
        return f'detach_originals={self.detach_originals}'
