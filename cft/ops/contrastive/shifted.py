"""A tile's part in both passes at low temperatures: exponentials relative to the largest similarity of each anchor."""

import torch

from .rows import Rows
from .statistics import Statistics, Weights, lowest
from .tiles import Tile


class _Exponentials:
    """Sums of ``e^d``, d = s - m, over some of each anchor's similarities; m is the largest one so far.

    Beside them, if asked for, the sums of ``d e^d`` or of ``e^2d``.
    """

    def __init__(self, anchors: Rows, *, entropy: bool = False, squares: bool = False) -> None:
        number = len(anchors.labels)
        self.lowest = lowest(anchors.rows.dtype)
        self.maximum = anchors.rows.new_full((number,), self.lowest)
        self.sum = anchors.rows.new_zeros(number)
        self.products = self.sum.clone() if entropy else None
        self.squares = self.sum.clone() if squares else None

    def add(self, tile: Tile, values: torch.Tensor, scratch: torch.Tensor) -> None:
        """Take in a tile; the smallest number of the type is none."""
        self._add(tile.rows, values, scratch)
        if tile.mirrored:
            self._add(tile.columns, values.T, scratch.T)

    def _add(self, rows: slice, values: torch.Tensor, scratch: torch.Tensor) -> None:
        before = self.maximum[rows]
        maximum = torch.maximum(before, values.amax(dim=1))
        change = before - maximum
        shrinkage = change.exp()
        torch.sub(values, maximum[:, None], out=scratch)
        if self.products is not None:
            terms = (scratch.exp() * scratch).sum(dim=1)
            self.products[rows].add_(change * self.sum[rows]).mul_(shrinkage).add_(terms)
        exponentials = scratch.exp_()
        self.sum[rows].mul_(shrinkage).add_(exponentials.sum(dim=1))
        if self.squares is not None:
            self.squares[rows].mul_(shrinkage.square()).add_(exponentials.square_().sum(dim=1))
        self.maximum[rows] = maximum

    def logsumexp(self) -> torch.Tensor:
        return (self.maximum + self.sum.log()).clamp_(min=self.lowest)

    def entropy(self) -> torch.Tensor | None:
        # The largest one alone makes a sum of 1.
        sums = self.sum.clamp(min=1)
        return None if self.products is None else sums.log() - self.products / sums

    def squared_logsumexp(self) -> torch.Tensor | None:
        return None if self.squares is None else (2 * self.maximum + self.squares.log()).clamp_(min=self.lowest)


class ShiftedSums:
    """Sums over each anchor's similarities, as :class:`BoundedSums` for any temperature.

    Example:
        >>> sums = ShiftedSums(Rows(torch.eye(2), torch.tensor([0, 1])), entropy=False, squares=False)
        >>> sums.statistics().positive_sum
        tensor([0., 0.])
    """

    def __init__(self, anchors: Rows, *, entropy: bool, squares: bool) -> None:
        self._positive = _Exponentials(anchors, entropy=entropy)
        self._negative = _Exponentials(anchors, squares=squares)
        self._linear = torch.zeros_like(self._positive.sum)
        self._none = torch.finfo(anchors.rows.dtype).min

    def add(self, tile: Tile, values: torch.Tensor, pairs: torch.Tensor | None, scratch: torch.Tensor) -> None:
        """Take in a tile; ``pairs`` says where its pairs are positive if it holds both kinds."""
        if tile.kind == 'negative':
            self._negative.add(tile, values, scratch)
            return
        if pairs is not None:
            self._negative.add(tile, values.masked_fill(pairs, self._none), scratch)
            others = (~pairs).fill_diagonal_(True) if tile.diagonal else ~pairs
            self._positive.add(tile, values.masked_fill(others, self._none), scratch)
            values.masked_fill_(others, 0.0)
        else:
            self._positive.add(tile, values, scratch)
        self._linear[tile.rows] += values.sum(dim=1)
        if tile.mirrored:
            self._linear[tile.columns] += values.sum(dim=0)

    def statistics(self) -> Statistics:
        """Over all that was taken in."""
        return Statistics(
            self._positive.logsumexp(),
            self._negative.logsumexp(),
            self._linear,
            self._positive.entropy(),
            self._negative.squared_logsumexp(),
        )


def shifted_derivatives(
    tile: Tile, values: torch.Tensor, pairs: torch.Tensor | None, rows: Weights, columns: Weights
) -> torch.Tensor:
    """Derivative by each cosine of a tile, through both of its rows.

    Args:
        tile: Where and of which kind.
        values: Similarities.
        pairs: Where they are positive, if there are both kinds.
        rows: Weights of the anchors, (rows, 1).
        columns: Weights of the candidates, (columns, 1).

    Example:
        >>> tile, weights = Tile(slice(0, 1), slice(0, 1), 'negative', False, False), Weights(*torch.ones(5, 1, 1))
        >>> shifted_derivatives(tile, torch.ones(1, 1), None, weights, weights)
        tensor([[2.]])
    """
    through_rows = _one_sided(tile, values, pairs, rows)
    through_columns = _one_sided(tile, values.T, None if pairs is None else pairs.T, columns)
    derivatives = through_rows.add_(through_columns.T)
    return derivatives.fill_diagonal_(0.0) if tile.diagonal else derivatives


def _one_sided(tile: Tile, values: torch.Tensor, pairs: torch.Tensor | None, weights: Weights) -> torch.Tensor:
    if tile.kind == 'negative':
        return _negative(values, weights)
    if pairs is None:
        return _positive(values, weights)
    # What is infinite in one of them is none of its pairs.
    return torch.where(pairs, _positive(values, weights), _negative(values, weights))


def _negative(values: torch.Tensor, weights: Weights) -> torch.Tensor:
    exponentials = (values - weights.negatives).exp_()
    if weights.square is None:
        return exponentials.mul_(weights.negative)
    return exponentials.mul_((exponentials * weights.square).add_(weights.negative))


def _positive(values: torch.Tensor, weights: Weights) -> torch.Tensor:
    below = values - weights.positives
    if weights.product is None:
        return below.exp_().mul_(weights.positive).add_(weights.constant)
    return (below * weights.product).add_(weights.positive).mul_(below.exp_()).add_(weights.constant)
