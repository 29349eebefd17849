"""SCE with the target distribution of its released code."""

from torch import Tensor

from cft.models import SCELoss
from cft.models.losses.candidates import check_views
from cft.models.losses.queue_terms import KeyTargets, TermWeights, key_targets, pair_terms
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

    def forward(self, query: Tensor, key: Tensor, queue: Tensor | None = None) -> Tensor:
        """Compute the loss; shapes as in :class:`cft.models.SCELoss`."""
        check_views(query, key, queue)
        targets = key_targets(key[None], queue, self.target_temperature)
        weights = self._weights(targets)
        return pair_terms(query[None], [targets], [(0, 0)], queue, weights=weights, temperature=self.temperature)[0, 0]

    def _weights(self, targets: KeyTargets) -> TermWeights:
        if targets.logsumexp is None:
            return TermWeights(contrastive=1.0)
        rest = (1 - self.coefficient) * targets.logsumexp[0].sigmoid()
        return TermWeights(1 - rest, rest, rest)
