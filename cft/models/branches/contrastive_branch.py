"""The contrastive side of a model: pairs, projector, loss and weight in one module."""

import inspect

import torch
from mmengine.model import BaseModule

from cft.errors import ConfigError
from cft.models.pairs import MixedPairs
from cft.ops import distinct_across_ranks
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
        positives: Which rows the loss takes as positives of each other:
            ``'class'``, those of one label; ``'view'``, the views of one image,
            whatever its label. With SupConLoss the latter is SimCLR's loss
            (Chen et al. 2020, equation 1: NT-Xent) on any number of views.

    Raises:
        ConfigError: If pairs do not go with the loss or the positives, or ``positives`` is none of the two.

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
        positives: str = 'class',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if positives not in ('class', 'view'):
            raise ConfigError(f"positives must be 'class' or 'view', got {positives!r}")
        if positives == 'view' and pairs is not None:
            raise ConfigError("pairs are generated from classes; remove pairs=... or set positives='class'")
        self.loss = MODELS.build(loss)
        self.projector = None if projector is None else MODELS.build(projector)
        self.pairs = None if pairs is None else MODELS.build(pairs)
        if self.pairs is not None and 'extra_positives' not in inspect.signature(self.loss.forward).parameters:
            raise ConfigError(
                f'{type(self.loss).__name__} takes no generated pairs; remove pairs=... or use SupConLoss '
                'or FocalSupConLoss'
            )
        self.loss_weight = loss_weight
        self.positives = positives

    def generate(self, features: torch.Tensor, labels: torch.Tensor, num_classes: int) -> MixedPairs | None:
        """The generated samples alone, for a classifier without a contrastive loss; None while there are none.

        Arguments are those of :meth:`forward`.
        """
        return self.pairs(features, labels, num_classes) if self.pairs is not None and self.pairs.enabled else None

    def forward(
        self, features: torch.Tensor, labels: torch.Tensor, num_classes: int, images: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, MixedPairs | None]:
        """Compute the weighted loss.

        Args:
            features: (N, D) encoder features.
            labels: (N,) integers in [0, num_classes).
            num_classes: Width of the generated samples' soft labels.
            images: (N,) number of the image that each row is a view of; needed by ``positives='view'``.

        Returns:
            The scalar loss times ``loss_weight``, and the generated samples
            (unprojected, for a smooth classifier) or None.
        """
        if self.positives == 'view':
            assert images is not None, 'a task that has views names the image of each'
            labels = distinct_across_ranks(images)
        mixed = self.generate(features, labels, num_classes)
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
