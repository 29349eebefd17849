"""The second pass over the tiles: the gradient of the anchors."""

import torch

from .on_gpu import kernel_on_gpu
from .rows import Rows
from .statistics import Weights
from .tiles import Tile, positive_pairs, similarities, tile_space, tiles_of


@kernel_on_gpu('cft.ops.contrastive.kernel_passes', in_place=True)
def add_gradient(
    gradient: torch.Tensor,
    anchors: Rows,
    candidates: Rows,
    temperature: float,
    anchor_weights: Weights,
    candidate_weights: Weights,
) -> None:
    """Add to the anchors' gradient what similarities give, theirs to the candidates and the candidates' to them.

    Args:
        gradient: (n, D), changed in place.
        anchors: (n, D) unit rows.
        candidates: (m, D) unit rows; ``anchors`` itself (the same object) as in the first pass.
        temperature: tau > 0.
        anchor_weights: Of the n anchors.
        candidate_weights: Of the m candidates, which are anchors too.

    Example:
        >>> anchors = Rows(torch.eye(2), torch.tensor([0, 0]))
        >>> gradient, weights = torch.zeros(2, 2), Weights(*torch.zeros(3, 2), torch.ones(2), torch.zeros(2))
        >>> add_gradient(gradient, anchors, anchors, 0.5, weights, weights)
        >>> gradient.tolist()
        [[0.0, 2.0], [2.0, 0.0]]
    """
    buffer = tile_space(anchors, candidates)
    for tile in tiles_of(anchors, candidates):
        values = similarities(tile, anchors, candidates, temperature, buffer)
        pairs = positive_pairs(tile, anchors, candidates) if tile.kind == 'mixed' else None
        derivatives = _derivatives(tile, values, pairs, _part(anchor_weights, tile.rows))
        if tile.diagonal:
            derivatives = derivatives + derivatives.T
        else:
            mirrored = None if pairs is None else pairs.T
            derivatives += _derivatives(tile, values.T, mirrored, _part(candidate_weights, tile.columns)).T
        gradient[tile.rows].addmm_(derivatives, candidates.rows[tile.columns])
        if tile.mirrored:
            gradient[tile.columns].addmm_(derivatives.T, anchors.rows[tile.rows])


def _part(weights: Weights, rows: slice) -> Weights:
    """Of some rows, as columns."""
    return Weights._make(None if each is None else each[rows, None] for each in weights)


def _derivatives(tile: Tile, values: torch.Tensor, pairs: torch.Tensor | None, weights: Weights) -> torch.Tensor:
    if tile.kind == 'negative':
        return _negative(values, weights)
    if pairs is None:
        return _positive(values, weights)
    # What is infinite in one of them is none of its pairs.
    derivatives = torch.where(pairs, _positive(values, weights), _negative(values, weights))
    return derivatives.fill_diagonal_(0.0) if tile.diagonal else derivatives


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
