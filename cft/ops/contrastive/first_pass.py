"""The first pass over the tiles: statistics of the anchors."""

from .bounded import LARGEST, BoundedSums
from .on_gpu import kernel_on_gpu
from .rows import Rows
from .shifted import ShiftedSums
from .statistics import Statistics
from .tiles import positive_pairs, similarities, tile_space, tiles_of


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
        >>> import torch
        >>> anchors = Rows(torch.eye(3), torch.tensor([0, 0, 1]))
        >>> row_statistics(anchors, anchors, temperature=0.5).negatives.exp().tolist()[2]
        2.0
    """
    kind = BoundedSums if 1 / temperature <= LARGEST else ShiftedSums
    sums = kind(anchors, entropy=entropy, squares=squares)
    space, scratch = tile_space(anchors, candidates), tile_space(anchors, candidates)
    for tile in tiles_of(anchors, candidates):
        values = similarities(tile, anchors, candidates, temperature, space)
        pairs = positive_pairs(tile, anchors, candidates) if tile.kind == 'mixed' else None
        sums.add(tile, values, pairs, scratch[: values.numel()].view(values.shape))
    return sums.statistics()
