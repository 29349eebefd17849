"""SCE with the target distribution of its released code."""

import torch

from cft.models import SCELoss
from cft.models.losses import propagate_non_finite
from cft.models.losses.candidates import candidate_similarities, check_views
from cft.ops import full_precision
from cft.registry import MODELS


@MODELS.register_module()
class ZeroLogitSCELoss(SCELoss):
    """:class:`cft.models.SCELoss` whose target gives the own key the logit 0 where the paper leaves it out.

    The own key thus keeps 1 / (1 + sum_{k != i} exp(z2_i . z2_k / tau_m)) of the
    relational part of the target: next to nothing where any other key is
    similar (exp(20) for an equal one at tau_m = 0.05), a large part where none is.
    It changes pre-training, so it matters for figures of fine-tuning only
    through the checkpoint.

    Example:
        >>> loss = ZeroLogitSCELoss()
        >>> loss(torch.randn(4, 16), torch.randn(4, 16), torch.randn(64, 16)).shape
        torch.Size([])
    """

    def forward(self, query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None = None) -> torch.Tensor:
        """Compute the loss; shapes as in :class:`cft.models.SCELoss`."""
        check_views(query, key, queue)
        return self._loss(query, key, queue)

    @full_precision
    def _loss(self, query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None) -> torch.Tensor:
        similarities, own = candidate_similarities(key.detach(), key, queue)
        relations = (similarities / self.target_temperature).masked_fill(own, 0.0).softmax(dim=1)
        target = self.coefficient * own.to(relations) + (1 - self.coefficient) * relations
        online, _ = candidate_similarities(query, key, queue)
        log_probability = (online / self.temperature).log_softmax(dim=1)
        return propagate_non_finite(-(target * log_probability).sum() / max(len(query), 1), online)
