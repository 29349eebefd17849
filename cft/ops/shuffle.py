"""Shuffle rows over the whole job, so that BatchNorm cannot leak which rows belong together."""

from collections.abc import Callable

import torch
import torch.distributed as dist

from .gather import agreed_counts, gather_rows, is_distributed, rank_offset


def shuffle_rows(
    rows: torch.Tensor, counts: list[int] | None = None
) -> tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]:
    """Permute the rows of all ranks together (MoCo's shuffled BatchNorm).

    Every rank keeps its number of rows. Neither the shuffling nor its inverse
    carries gradient across ranks.

    Args:
        rows: (n, ...) tensor; n may differ between ranks.
        counts: What :func:`row_counts` returned, to save that exchange.

    Returns:
        The shuffled (n, ...) rows, and a function that brings a tensor with
        one row per shuffled row back into the original order and rank.

    Raises:
        ValueError: If this rank has another number of rows than ``counts`` say.

    Example:
        >>> shuffled, restore = shuffle_rows(torch.arange(4)[:, None])
        >>> restore(shuffled).squeeze(1)
        tensor([0, 1, 2, 3])
    """
    counts = agreed_counts(rows, counts)
    start = rank_offset(counts)
    own = slice(start, start + len(rows))
    order = torch.randperm(sum(counts), device=rows.device)
    if is_distributed():
        dist.broadcast(order, src=0)
    inverse = order.argsort()

    def restore(shuffled: torch.Tensor) -> torch.Tensor:
        return gather_rows(shuffled, counts)[inverse[own]]

    return gather_rows(rows, counts)[order[own]], restore
