"""The first pass over the tiles: statistics of the anchors."""

import torch

from .on_gpu import kernel_on_gpu
from .rows import Rows
from .statistics import Statistics, lowest
from .tiles import Tile, positive_pairs, similarities, tile_space, tiles_of


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

    def add(self, rows: slice, values: torch.Tensor, scratch: torch.Tensor) -> None:
        """Take in more similarities of some anchors; the smallest number of the type is none."""
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
        return None if self.products is None else self.sum.clamp(min=1).log() - self.products / self.sum.clamp(min=1)

    def squared_logsumexp(self) -> torch.Tensor | None:
        return None if self.squares is None else (2 * self.maximum + self.squares.log()).clamp_(min=self.lowest)


@kernel_on_gpu('cft.ops.contrastive.kernel_passes')
def row_statistics(
    anchors: Rows, candidates: Rows, temperature: float, *, entropy: bool = False, squares: bool = False
) -> Statistics:
    """Statistics of each anchor's similarities to the candidates, in memory of some tiles.

    Args:
        anchors: (n, D) unit rows.
        candidates: (m, D) unit rows; ``anchors`` itself (the same object) if each anchor's candidates are
            all others, which are its positives where they have its class.
        temperature: tau > 0.
        entropy: Take ``positive_entropy`` as well.
        squares: Take ``squared_negatives`` as well.

    Example:
        >>> anchors = Rows(torch.eye(3), torch.tensor([0, 0, 1]))
        >>> row_statistics(anchors, anchors, temperature=0.5).negatives.exp().tolist()[2]
        2.0
    """
    dtype = anchors.rows.dtype
    positive, negative = _Exponentials(anchors, entropy=entropy), _Exponentials(anchors, squares=squares)
    positive_sum = anchors.rows.new_zeros(len(anchors.labels))
    buffer, scratch = tile_space(anchors, candidates), tile_space(anchors, candidates)

    def take(group: _Exponentials, tile: Tile, values: torch.Tensor) -> None:
        space = scratch[: values.numel()].view(values.shape)
        group.add(tile.rows, values, space)
        if tile.mirrored:
            group.add(tile.columns, values.T, space.T)

    def take_sum(tile: Tile, values: torch.Tensor) -> None:
        positive_sum[tile.rows] += values.sum(dim=1)
        if tile.mirrored:
            positive_sum[tile.columns] += values.sum(dim=0)

    for tile in tiles_of(anchors, candidates):
        values = similarities(tile, anchors, candidates, temperature, buffer)
        if tile.kind == 'negative':
            take(negative, tile, values)
        elif tile.kind == 'positive':
            take(positive, tile, values)
            take_sum(tile, values)
        else:
            pairs = positive_pairs(tile, anchors, candidates)
            take(negative, tile, values.masked_fill(pairs, torch.finfo(dtype).min))
            if tile.diagonal:
                pairs.fill_diagonal_(False)
            take(positive, tile, values.masked_fill(~pairs, torch.finfo(dtype).min))
            take_sum(tile, values.masked_fill_(~pairs, 0.0))
    return Statistics(
        positive.logsumexp(), negative.logsumexp(), positive_sum, positive.entropy(), negative.squared_logsumexp()
    )
