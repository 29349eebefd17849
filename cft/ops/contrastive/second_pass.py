"""The second pass over the tiles: the gradient of the anchors."""

import torch

from .bounded import LARGEST, bounded_derivatives, unshifted
from .on_gpu import kernel_on_gpu
from .rows import Rows
from .shifted import shifted_derivatives
from .statistics import Weights
from .tiles import positive_pairs, similarities, tile_space, tiles_of


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
    derivatives_of = shifted_derivatives
    if 1 / temperature <= LARGEST:
        derivatives_of = bounded_derivatives
        anchor_weights, candidate_weights = unshifted(anchor_weights), unshifted(candidate_weights)
    space = tile_space(anchors, candidates)
    for tile in tiles_of(anchors, candidates):
        values = similarities(tile, anchors, candidates, temperature, space)
        pairs = positive_pairs(tile, anchors, candidates) if tile.kind == 'mixed' else None
        rows, columns = _part(anchor_weights, tile.rows), _part(candidate_weights, tile.columns)
        derivatives = derivatives_of(tile, values, pairs, rows, columns)
        gradient[tile.rows].addmm_(derivatives, candidates.rows[tile.columns])
        if tile.mirrored:
            gradient[tile.columns].addmm_(derivatives.T, anchors.rows[tile.rows])


def _part(weights: Weights, rows: slice) -> Weights:
    """Of some rows, as columns."""
    return Weights._make(None if each is None else each[rows, None] for each in weights)
