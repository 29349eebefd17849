"""Position embeddings of a vision transformer for another size of images."""

from math import isqrt

from torch import Tensor

from cft.errors import ConfigError


def resize_positions(table: Tensor, tokens: int, extra: int, grid: tuple[int, int] | None = None) -> Tensor:
    """Interpolate a table of position embeddings bicubically, as mmpretrain does with its own.

    Args:
        table: (1, L, C), embeddings of the class token, if there is one, and of a square grid of patches.
        tokens: L of the backbone.
        extra: How many of these are no patches: 1 with a class token.
        grid: Rows and columns of the backbone's patches; None for a square.

    Returns:
        (1, tokens, C).

    Raises:
        ConfigError: If the embeddings are of no square grid.

    Example:
        >>> import torch
        >>> resize_positions(torch.zeros(1, 197, 8), tokens=577, extra=1).shape
        torch.Size([1, 577, 8])
    """
    from mmpretrain.models.utils import resize_pos_embed

    length = table.shape[1]
    source_extra = next((n for n in (extra, 1, 0) if isqrt(length - n) ** 2 == length - n), None)
    if source_extra is None or source_extra < extra:
        raise ConfigError(
            f'the {length} position embeddings of the file are no square of patches with {extra} further '
            'tokens as in the backbone'
        )
    table = table[:, source_extra - extra :]
    side = isqrt(length - source_extra)
    rows, columns = grid or (isqrt(tokens - extra),) * 2
    if rows * columns + extra != tokens:
        raise ConfigError(f"the backbone's {tokens} position embeddings are no grid of {rows}x{columns} patches")
    return resize_pos_embed(table, (side, side), (rows, columns), 'bicubic', extra)
