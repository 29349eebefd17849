"""The contrastive side of Bi-tuning: both of its losses, and the projector of the second."""

from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import nn

from cft.errors import ConfigError
from cft.models.losses import categorical_contrastive_loss, contrastive_cross_entropy_loss
from cft.registry import MODELS


class PastAndPresentKeys(NamedTuple):
    """What a momentum encoder gives for a batch of N images, and gave for M past ones.

    Attributes:
        projections: (N, E) of the batch.
        queue_features: (M, D).
        queue_projections: (M, E).
        queue_labels: (M,) integers; -1 for a row that holds no key yet.

    Example:
        >>> keys = PastAndPresentKeys(torch.randn(2, 3), torch.randn(6, 4), torch.randn(6, 3), torch.arange(6) // 3)
    """

    projections: torch.Tensor
    queue_features: torch.Tensor
    queue_projections: torch.Tensor
    queue_labels: torch.Tensor


@MODELS.register_module()
class BiTuningBranch(BaseModule):
    r"""Contrast with the keys of a momentum encoder, from the classifier and from a projector (Bi-tuning).

    For image i with features h, projection z, label y, and the projection z' of its key,

    .. math:: L_i = - \frac{1}{|P_i|} \sum_{j \in P_i} \left( \log \frac{e^{w_y \cdot h_j / \tau}}
              {\sum_{k \in A_i} e^{w_y \cdot h_k / \tau}} + \log \frac{e^{z_i \cdot z_j / \tau}}
              {\sum_{k \in A_i} e^{z_i \cdot z_k / \tau}} \right)

    with vectors of unit length: contrastive cross-entropy and categorical
    contrastive loss. ``A_i`` is the queue of past keys of all classes and one
    more candidate, the image's own h in the first term and its key z' in the
    second. ``P_i`` are the keys of class y and that candidate, so it is never
    empty. ``h`` is extended by a one and ``w`` by the bias of the class, so
    that their product is the classifier's logit, as in the authors' library.
    There w is held constant; here the first term trains it, as the paper
    minimises it over encoder and classifier.

    Args:
        projector: Config of the projection head; the authors' is one linear layer to 128 channels.
        temperature: tau > 0 of both terms.
        gather: Average over the batch of all ranks, see :class:`cft.models.losses.SupConLoss`.
        loss_weight: Factor of the sum of both terms; the paper has none.

    Raises:
        ConfigError: When it is called without keys: the model is no :class:`cft.models.BiTuningClassifier`.

    Example:
        >>> branch = BiTuningBranch(projector=dict(type='cft.MLPProjector', in_channels=4, out_channels=3))
        >>> keys = PastAndPresentKeys(torch.randn(2, 3), torch.randn(6, 4), torch.randn(6, 3), torch.arange(6) // 3)
        >>> loss, _ = branch(torch.randn(2, 4), torch.tensor([0, 1]), 2, keys=keys, classifier=nn.Linear(4, 2))
    """

    needs_keys = True
    pairs = None

    def __init__(
        self,
        projector: dict,
        temperature: float = 0.07,
        gather: bool = False,
        loss_weight: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.projector = MODELS.build(projector)
        self.temperature = temperature
        self.gather = gather
        self.loss_weight = loss_weight

    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor,
        num_classes: int,
        keys: PastAndPresentKeys | None = None,
        classifier: nn.Linear | None = None,
    ) -> tuple[torch.Tensor, None]:
        """Compute the weighted loss.

        Args:
            features: (N, D) encoder features.
            labels: (N,) integers in [0, num_classes).
            num_classes: C.
            keys: Of the momentum encoder.
            classifier: From D to C.

        Returns:
            The scalar loss times ``loss_weight``, and None: no samples are generated.
        """
        if keys is None or classifier is None:
            raise ConfigError("Bi-tuning needs the keys of a momentum encoder; set model.type='cft.BiTuningClassifier'")
        settings = {'temperature': self.temperature, 'gather': self.gather}
        rows, weights, queue = _as_products(features, classifier, keys.queue_features)
        loss = contrastive_cross_entropy_loss(rows, labels, weights, queue, keys.queue_labels, **settings)
        loss = loss + categorical_contrastive_loss(
            self.projector(features), keys.projections, labels, keys.queue_projections, keys.queue_labels, **settings
        )
        return self.loss_weight * loss, None


def _as_products(
    features: torch.Tensor, classifier: nn.Linear, queue: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features, weights of the classes and queue such that products of them are logits, the bias included."""
    if classifier.bias is None:
        return features, classifier.weight, queue
    weights = torch.cat([classifier.weight, classifier.bias[:, None]], dim=1)
    return _with_ones(features), weights, _with_ones(queue)


def _with_ones(rows: torch.Tensor) -> torch.Tensor:
    return torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)
