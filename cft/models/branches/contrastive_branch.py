"""The contrastive side of a model: pairs, projector, loss and weight in one module."""

import inspect

import torch
from mmengine.model import BaseModule

from cft.models.pairs import MixedPairs
from cft.registry import MODELS


@MODELS.register_module()
class ContrastiveBranch(BaseModule):
    """What every task's head plugs in to be trained contrastively.

    Features go through the pair generator (if any), originals and generated
    samples together through the projector (if any), and into the loss.

    Args:
        loss: Config of a supervised loss of :mod:`cft.models.losses`.
        projector: Config of the projection head; None: the loss acts on the
            features themselves, as SCHaNe does.
        pairs: Config of a pair generator of :mod:`cft.models.pairs`. Needs a
            loss that takes extra positives and negatives.
        loss_weight: Factor of the loss (eta or lambda of the papers).

    Example:
        >>> branch = ContrastiveBranch(
        ...     loss=dict(type='cft.FocalSupConLoss', temperature=0.07),
        ...     projector=dict(type='cft.MLPProjector', in_channels=16),
        ...     pairs=dict(type='cft.HardPairMixup'))
        >>> loss, mixed = branch(torch.randn(4, 16), torch.tensor([0, 0, 1, 1]), num_classes=2)
    """

    def __init__(
        self,
        loss: dict,
        projector: dict | None = None,
        pairs: dict | None = None,
        loss_weight: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.loss = MODELS.build(loss)
        self.projector = None if projector is None else MODELS.build(projector)
        self.pairs = None if pairs is None else MODELS.build(pairs)
        if self.pairs is not None and 'extra_positives' not in inspect.signature(self.loss.forward).parameters:
            raise ValueError(
                f'{type(self.loss).__name__} takes no generated pairs; remove pairs=... or use SupConLoss '
                'or FocalSupConLoss'
            )
        self.loss_weight = loss_weight

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, num_classes: int
    ) -> tuple[torch.Tensor, MixedPairs | None]:
        """Compute the weighted loss.

        Args:
            features: (N, D) encoder features.
            labels: (N,) integers in [0, num_classes).
            num_classes: Width of the generated samples' soft labels.

        Returns:
            The scalar loss times ``loss_weight``, and the generated samples
            (unprojected, for a smooth classifier) or None.
        """
        mixed = self.pairs(features, labels, num_classes) if self.pairs is not None and self.pairs.enabled else None
        if mixed is None:
            return self.loss_weight * self.loss(self._project(features), labels), None
        joined = self._project(torch.cat([features, mixed.positives, mixed.negatives]))
        originals, positives, negatives = joined.tensor_split(3)
        loss = self.loss(
            originals,
            labels,
            extra_positives=positives,
            extra_negatives=negatives,
            positive_mask=mixed.positive_mask,
            negative_mask=mixed.negative_mask,
        )
        return self.loss_weight * loss, mixed

    def _project(self, features: torch.Tensor) -> torch.Tensor:
        return features if self.projector is None else self.projector(features)
