"""Base of the losses that compare queries with their keys and a queue of past ones."""

from collections.abc import Sequence

from torch import Tensor, nn

from .candidates import check_views
from .queue_terms import KeyTargets, TermWeights, key_targets, pair_terms


def query_loss(
    query: Tensor,
    key: Tensor,
    queue: Tensor | None,
    weights: TermWeights,
    temperature: float,
    target_temperature: float | None = None,
    unit_queue: bool = False,
) -> Tensor:
    """The weighted terms of one pair of views, checked; arguments as in :func:`pair_terms`, but (N, D)."""
    check_views(query, key, queue)
    targets = key_targets(key[None], queue, target_temperature if weights.asks_relations() else None, unit_queue)
    return pair_terms(
        query[None], [targets], [(0, 0)], queue, weights=weights, temperature=temperature, unit_queue=unit_queue
    )[0, 0]


class QueueLoss(nn.Module):
    """Base of the losses that are a weighted sum of contrastive, relational and ceiling term.

    A head of :class:`cft.models.MomentumContrast` needs ``forward`` alone. With
    :meth:`key_targets` and :meth:`pair_losses`, which these have as well, each
    key's target is made once and the queue read once for all queries of a step.

    Args:
        temperature: tau > 0.
        target_temperature: tau_m > 0; None without a relational term.
    """

    def __init__(self, temperature: float, target_temperature: float | None = None) -> None:
        super().__init__()
        self.temperature = temperature
        self.target_temperature = target_temperature

    def term_weights(self) -> TermWeights:
        """Of the three terms."""
        raise NotImplementedError

    def forward(self, query: Tensor, key: Tensor, queue: Tensor | None = None) -> Tensor:
        """Compute the loss.

        Args:
            query: (N, D) features of the online encoder, normalised here.
            key: (N, D) features of the momentum encoder, row i of the same
                image as query i; no gradient flows into them.
            queue: (M, D) past keys, normalised here. Without it the batch's keys are the candidates.

        Returns:
            Scalar, at least float32; 0 without any candidate but the own key.

        Raises:
            ValueError: If a shape does not fit.
        """
        return query_loss(query, key, queue, self.term_weights(), self.temperature, self.target_temperature)

    def key_targets(self, keys: Tensor, queue: Tensor | None) -> KeyTargets:
        """What the keys of all key views of a step ask of its queries.

        Args:
            keys: (K, N, D), normalised here.
            queue: (M, D) unit rows of any floating-point type; None: the keys of a view are each other's candidates.
        """
        asked = self.term_weights().asks_relations()
        return key_targets(keys, queue, self.target_temperature if asked else None, unit_queue=True)

    def pair_losses(
        self, queries: Tensor, targets: Sequence[KeyTargets], pairs: Sequence[tuple[int, int]], queue: Tensor | None
    ) -> Tensor:
        """The loss of each pair of a query and a key view.

        Args:
            queries: (V, N, D), normalised here.
            targets: Q times those of :meth:`key_targets` and the same queue.
            pairs: P times query view and key view.
            queue: As above; it may change before the backward pass.

        Returns:
            (Q, P), at least float32.
        """
        weights = self.term_weights()
        return pair_terms(
            queries, targets, pairs, queue, weights=weights, temperature=self.temperature, unit_queue=True
        )
