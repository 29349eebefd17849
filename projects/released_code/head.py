"""The classification head of Core-tuning's and COIN's released code."""

import torch
from torch import nn

from cft.models import ContrastiveClsHead
from cft.models.pairs import MixedPairs
from cft.registry import MODELS


@MODELS.register_module()
class ReleasedClsHead(ContrastiveClsHead):
    """:class:`cft.models.ContrastiveClsHead` with deviations of released code, each a switch of its own.

    Args:
        bias: Whether the classifier has a bias; it has none in either code.
        detach_originals: Where samples are generated, cross-entropy of the
            originals trains the classifier alone, and the encoder is trained
            through the mixtures (Core-tuning's code).
            :class:`ReleasedBranch` has the same switch for the contrastive loss.
        kwargs: Those of :class:`cft.models.ContrastiveClsHead`.

    Example:
        >>> head = ReleasedClsHead(bias=False, num_classes=10, in_channels=64)
        >>> head.fc
        Linear(in_features=64, out_features=10, bias=False)
    """

    def __init__(self, bias: bool = True, detach_originals: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.detach_originals = detach_originals
        if not bias:
            self.fc = nn.Linear(self.in_channels, self.num_classes, bias=False)

    def _weighted_cross_entropy(
        self, features: torch.Tensor, labels: torch.Tensor, mixed: MixedPairs | None
    ) -> torch.Tensor:
        if self.detach_originals and mixed is not None:
            features = features.detach()
        return super()._weighted_cross_entropy(features, labels, mixed)

    def extra_repr(self) -> str:
        return f'detach_originals={self.detach_originals}'
