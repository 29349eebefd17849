"""The losses of the pairs of views of a step, by one call of the head for all of them or by one for each."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn


class PairLosses:
    """A head with the keys of a step and the queue as it is before they enter.

    The head is called as ``head(query, key, queue)`` for each pair of views,
    with a float32 copy of the queue that the backward pass may rely on. One
    with ``key_targets`` and ``pair_losses``, as
    :class:`cft.models.losses.QueueLoss` describes them, gets all queries at
    once instead, and the queue itself, of unit rows and of any type; the keys'
    targets are made once. A subclass that overrides ``forward`` alone is called
    pair by pair.

    Args:
        head: The loss.
        keys: (N, D) features of each key view.
        queue: (M, D) unit rows, or None.

    Example:
        >>> from cft.models.losses import SCELoss
        >>> views = {view: torch.randn(4, 8) for view in range(3)}
        >>> losses = PairLosses(SCELoss(), {1: views[1]}, torch.nn.functional.normalize(torch.randn(64, 8)))
        >>> losses({0: views[0], 2: views[2]}, [(0, 1), (2, 1)]).shape
        torch.Size([1, 2])
    """

    def __init__(self, head: nn.Module, keys: Mapping[int, Tensor], queue: Tensor | None) -> None:
        # A head's own methods are no part of nn.Module's types.
        self.head = cast('Any', head)
        self.keys, self.queue = keys, queue
        self.at_once = takes_all_pairs(head)
        if self.at_once:
            self.targets = self.head.key_targets(torch.stack(tuple(keys.values())), queue)
        elif queue is not None:
            self.queue = queue.to(torch.float32, copy=True)

    def __call__(
        self,
        queries: Mapping[int, Tensor],
        pairs: Sequence[tuple[int, int]],
        partners: Sequence[Tensor | None] = (None,),
    ) -> Tensor:
        """Compute the losses.

        Args:
            queries: (N, D) features of each query view.
            pairs: P times query view and key view.
            partners: Q times whose keys are asked for: (N,) indices into the batch, or None for each image's own.

        Returns:
            (Q, P).
        """
        if not self.at_once:
            return torch.stack([torch.stack(self._one_by_one(queries, pairs, partner)) for partner in partners])
        places = [{view: place for place, view in enumerate(views)} for views in (queries, self.keys)]
        return self.head.pair_losses(
            torch.stack(tuple(queries.values())),
            [self.targets if partner is None else self.targets.of_images(partner) for partner in partners],
            [(places[0][query], places[1][key]) for query, key in pairs],
            self.queue,
        )

    def _one_by_one(
        self, queries: Mapping[int, Tensor], pairs: Sequence[tuple[int, int]], partner: Tensor | None
    ) -> list[Tensor]:
        keys = self.keys if partner is None else {view: key[partner] for view, key in self.keys.items()}
        return [self.head(queries[query], keys[key], self.queue) for query, key in pairs]


def takes_all_pairs(head: nn.Module) -> bool:
    """Whether a head has ``pair_losses`` that belong to its ``forward``."""
    for kind in type(head).__mro__:
        if 'pair_losses' in vars(kind):
            return True
        if 'forward' in vars(kind):
            return False
    return False
