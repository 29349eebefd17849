"""Statistics of a batch's similarities as one differentiable operation, on one rank or on all."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch.autograd.function import once_differentiable

from cft.ops.gather import gather_rows

from .first_pass import row_statistics
from .ring import visiting_rows
from .rows import Rows
from .second_pass import add_gradient
from .statistics import Statistics, Weights, merge, weights_of


class BatchStatistics(NamedTuple):
    """Statistics of each row's similarities to the others, and how many those are.

    Attributes:
        sums: :class:`Statistics` of the n rows, differentiable once.
        number_of_positives: (n,) int64, other rows of the same class.
        number_of_negatives: (n,) int64, rows of another class.

    Example:
        >>> batch_statistics(torch.eye(3), torch.tensor([0, 0, 1]), 0.5).number_of_positives
        tensor([1, 1, 0])
    """

    sums: Statistics
    number_of_positives: torch.Tensor
    number_of_negatives: torch.Tensor


def batch_statistics(
    rows: torch.Tensor,
    labels: torch.Tensor,
    temperature: float,
    *,
    counts: list[int] | None = None,
    entropy: bool = False,
    squares: bool = False,
) -> BatchStatistics:
    """Compare each row with every other one without ever holding all similarities.

    Memory is linear in the rows; the similarities are computed once for the
    value and once for the gradient. A gradient of the gradient is refused.

    Args:
        rows: (n, D) of length 1 or 0, float32 or float64.
        labels: (n,) integers.
        temperature: tau > 0, by which the cosines are divided.
        counts: Number of rows on each rank, from :func:`cft.ops.row_counts`: compare with the rows of all
            ranks; the gradient is that of the sum of all ranks' results. None for the own rows alone.
        entropy: Take ``positive_entropy`` as well.
        squares: Take ``squared_negatives`` as well.

    Example:
        >>> statistics = batch_statistics(torch.eye(3), torch.tensor([0, 0, 1]), 0.5)
        >>> statistics.sums.negatives.exp()
        tensor([1., 1., 2.])
    """
    counts = [len(rows)] if counts is None else counts
    order = labels.argsort(stable=True)
    ascending = labels[order].long()
    parts = list(gather_rows(ascending, counts).split(counts)) if len(counts) > 1 else [ascending]
    ends = [torch.searchsorted(part, labels.long(), right=True) for part in parts]
    starts = [torch.searchsorted(part, labels.long()) for part in parts]
    same = torch.stack(ends).sum(dim=0) - torch.stack(starts).sum(dim=0)
    apply: Callable[..., tuple[torch.Tensor, ...]] = _SumsOfSimilarities.apply
    sums = apply(rows, order, parts, temperature, entropy, squares)
    return BatchStatistics(Statistics(*sums), same - 1, sum(counts) - same)


class _SumsOfSimilarities(torch.autograd.Function):
    """From rows to :class:`Statistics`; ``labels`` are those of each rank, ascending."""

    @staticmethod
    def forward(
        ctx: Any,
        rows: torch.Tensor,
        order: torch.Tensor,
        labels: list[torch.Tensor],
        temperature: float,
        entropy: bool,
        squares: bool,
    ) -> tuple[torch.Tensor | None, ...]:
        anchors = Rows(rows[order], labels[_own_rank(labels)])
        found = [
            row_statistics(anchors, candidates, temperature, entropy=entropy, squares=squares)
            for _, candidates in _visiting(anchors, labels)
        ]
        statistics = functools.reduce(merge, found)
        ctx.order, ctx.labels, ctx.temperature = order, labels, temperature
        ctx.save_for_backward(anchors.rows, *statistics)
        back = order.argsort()
        return tuple(None if each is None else each[back] for each in statistics)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
        rows, *saved = ctx.saved_tensors
        anchors, statistics = Rows(rows, ctx.labels[_own_rank(ctx.labels)]), Statistics(*saved)
        of_sums = Statistics._make(None if each is None else each[ctx.order] for each in gradients)
        weights = weights_of(statistics, of_sums, ctx.temperature)
        everywhere = _of_all_ranks(weights, [len(each) for each in ctx.labels])
        gradient = torch.zeros_like(rows)
        with torch.autocast(rows.device.type, enabled=False):
            for owner, candidates in _visiting(anchors, ctx.labels):
                add_gradient(gradient, anchors, candidates, ctx.temperature, weights, everywhere[owner])
        unsorted = torch.empty_like(gradient)
        unsorted[ctx.order] = gradient
        return unsorted, None, None, None, None, None


def _visiting(anchors: Rows, labels: list[torch.Tensor]) -> Iterator[tuple[int, Rows]]:
    """Each rank and its rows; the anchors themselves first."""
    for owner, rows in visiting_rows(anchors.rows, [len(each) for each in labels]):
        yield owner, anchors if rows is anchors.rows else Rows(rows, labels[owner])


def _of_all_ranks(weights: Weights, counts: list[int]) -> list[Weights]:
    if len(counts) == 1:
        return [weights]
    present = [name for name, each in weights._asdict().items() if each is not None]
    table = torch.stack([getattr(weights, name) for name in present], dim=1)
    parts = gather_rows(table, counts).split(counts)
    return [Weights(**dict(zip(present, part.unbind(dim=1), strict=True))) for part in parts]


def _own_rank(labels: list[torch.Tensor]) -> int:
    return dist.get_rank() if len(labels) > 1 else 0
