"""A tile's part in both passes while e^s and e^2s can be summed as they are: one exponential serves both sides."""

import torch

from .rows import Rows
from .statistics import Statistics, Weights, lowest
from .tiles import Tile

# Unit rows have |s| <= 1 / temperature. With 32, e^-2s and sums of e^2s are far from the ends of float32.
LARGEST = 32.0


class BoundedSums:
    """Sums over each anchor's similarities.

    Example:
        >>> sums = BoundedSums(Rows(torch.eye(2), torch.tensor([0, 1])), entropy=False, squares=False)
        >>> sums.statistics().positive_sum
        tensor([0., 0.])
    """

    def __init__(self, anchors: Rows, *, entropy: bool, squares: bool) -> None:
        self._positive, self._negative, self._linear = anchors.rows.new_zeros(3, len(anchors.labels))
        self._products = torch.zeros_like(self._linear) if entropy else None
        self._squares = torch.zeros_like(self._linear) if squares else None

    def add(self, tile: Tile, values: torch.Tensor, pairs: torch.Tensor | None, scratch: torch.Tensor) -> None:
        """Take in a tile; ``pairs`` says where its pairs are positive if it holds both kinds."""
        exponentials = torch.exp(values, out=scratch)
        if tile.kind == 'negative':
            self._add_negatives(tile, exponentials)
        elif pairs is None:
            self._add_positives(tile, exponentials, values)
        else:
            if tile.diagonal:
                exponentials.fill_diagonal_(0.0)
                values.fill_diagonal_(0.0)
            positives = exponentials.masked_fill(~pairs, 0.0)
            self._add_negatives(tile, exponentials.masked_fill_(pairs, 0.0))
            self._add_positives(tile, positives, values.masked_fill_(~pairs, 0.0))

    def _add_negatives(self, tile: Tile, exponentials: torch.Tensor) -> None:
        _add_sums(self._negative, tile, exponentials)
        if self._squares is not None:
            _add_sums(self._squares, tile, exponentials.square_())

    def _add_positives(self, tile: Tile, exponentials: torch.Tensor, values: torch.Tensor) -> None:
        _add_sums(self._positive, tile, exponentials)
        _add_sums(self._linear, tile, values)
        if self._products is not None:
            _add_sums(self._products, tile, exponentials.mul_(values))

    def statistics(self) -> Statistics:
        """Over all that was taken in."""
        entropy = squares = None
        if self._products is not None:
            some = self._positive > 0
            mean = self._products / self._positive.where(some, 1.0)
            entropy = torch.where(some, self._positive.log() - mean, 0.0)
        if self._squares is not None:
            squares = _logarithm(self._squares)
        return Statistics(_logarithm(self._positive), _logarithm(self._negative), self._linear, entropy, squares)


def _add_sums(total: torch.Tensor, tile: Tile, terms: torch.Tensor) -> None:
    total[tile.rows] += terms.sum(dim=1)
    if tile.mirrored:
        total[tile.columns] += terms.sum(dim=0)


def _logarithm(sums: torch.Tensor) -> torch.Tensor:
    return sums.log().clamp_(min=lowest(sums.dtype))


def unshifted(weights: Weights) -> Weights:
    """The same weights as factors of e^s, s e^s and e^2s.

    Example:
        >>> unshifted(Weights(*torch.ones(5, 1))).negative
        tensor([0.3679])
    """
    # Where a set is empty, what stands here meets no pair.
    positives, negatives = (each.clamp(min=-LARGEST) for each in (weights.positives, weights.negatives))
    positive, product, square = weights.positive, weights.product, weights.square
    if product is not None:
        positive, product = positive - product * positives, product * (-positives).exp()
    if square is not None:
        square = square * (-2 * negatives).exp()
    return weights._replace(
        positive=positive * (-positives).exp(),
        negative=weights.negative * (-negatives).exp(),
        product=product,
        square=square,
    )


def bounded_derivatives(
    tile: Tile, values: torch.Tensor, pairs: torch.Tensor | None, rows: Weights, columns: Weights
) -> torch.Tensor:
    """Derivative by each cosine of a tile, through both of its rows.

    Args:
        tile: Where and of which kind.
        values: Similarities.
        pairs: Where they are positive, if there are both kinds.
        rows: Weights of the anchors, from :func:`unshifted`, (rows, 1).
        columns: Weights of the candidates, (columns, 1).

    Example:
        >>> tile, weights = Tile(slice(0, 1), slice(0, 1), 'negative', False, False), Weights(*torch.ones(5, 1, 1))
        >>> bounded_derivatives(tile, torch.zeros(1, 1), None, weights, weights)
        tensor([[2.]])
    """
    exponentials = values.exp()
    if pairs is None:
        return (_negative if tile.kind == 'negative' else _positive)(values, exponentials, rows, columns)
    derivatives = torch.where(
        pairs,
        _positive(values, exponentials.clone(), rows, columns),
        _negative(values, exponentials, rows, columns),
    )
    return derivatives.fill_diagonal_(0.0) if tile.diagonal else derivatives


def _negative(values: torch.Tensor, exponentials: torch.Tensor, rows: Weights, columns: Weights) -> torch.Tensor:
    factors = rows.negative + columns.negative.T
    if rows.square is not None and columns.square is not None:
        factors.addcmul_(exponentials, rows.square + columns.square.T)
    return exponentials.mul_(factors)


def _positive(values: torch.Tensor, exponentials: torch.Tensor, rows: Weights, columns: Weights) -> torch.Tensor:
    factors = rows.positive + columns.positive.T
    if rows.product is not None and columns.product is not None:
        factors.addcmul_(values, rows.product + columns.product.T)
    return exponentials.mul_(factors).add_(rows.constant + columns.constant.T)
