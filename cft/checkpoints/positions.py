"""Position embeddings of a transformer for another size of images."""

from math import isqrt
from typing import Any

import torch
from torch import Tensor, nn

from cft.errors import ConfigError

TABLE = 'relative_position_bias_table'


def fit_positions(network: nn.Module, loaded: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    """Give the position embeddings of a file the network's grid, in place.

    Relative ones are interpolated for timm's networks, as timm itself does.

    Args:
        network: OpenMMLab's or timm's, which says how many patches it has.
        loaded: The tensors of the file in the network's names.
        own: The network's.

    Returns:
        What to report.

    Raises:
        ConfigError: If the embeddings are of no square grid.
    """
    notes = _fit_table(network, loaded, own)
    tables = [name for name in loaded if name.endswith(TABLE) and _resizable(network, loaded[name], own[name], name)]
    if tables:
        old, new = len(loaded[tables[0]]), len(own[tables[0]])
        for name in tables:
            loaded[name] = _resize_relative(network, name, loaded[name], own[name])
        notes.append(f'{len(tables)} tables of relative positions resized from {old} to {new} entries or alike')
    return notes


def _fit_table(network: nn.Module, loaded: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    table, target = loaded.get('pos_embed'), own.get('pos_embed')
    if table is None or target is None or table.dim() != 3 or table.shape[2:] != target.shape[2:]:
        return []
    notes = []
    if _takes_only_patches(network) and _is_square(table.shape[1] - 1) and not _is_square(table.shape[1]):
        loaded['cls_token'] = loaded['cls_token'] + table[:, :1]
        loaded['pos_embed'] = table = table[:, 1:]
        notes.append('the position embedding of the class token is added to it')
    if table.shape == target.shape:
        return notes
    patches = getattr(network, 'patch_embed', None)
    if hasattr(patches, 'grid_size'):
        extra = 0 if getattr(network, 'no_embed_class', False) else getattr(network, 'num_prefix_tokens', 1)
        grid: Any = getattr(patches, 'grid_size', None)
        loaded['pos_embed'] = resize_positions(table, target.shape[1], extra, grid, timm=True)
    else:
        grid = getattr(network, 'patch_resolution', None)
        loaded['pos_embed'] = resize_positions(table, target.shape[1], 1 if 'cls_token' in own else 0, grid)
    return [*notes, f'pos_embed resized from {table.shape[1]} to {target.shape[1]} positions (bicubic)']


def _takes_only_patches(network: nn.Module) -> bool:
    """timm's DINOv2 with registers: the class token carries its position itself."""
    return bool(getattr(network, 'no_embed_class', False)) and getattr(network, 'cls_token', None) is not None


def resize_positions(
    table: Tensor, tokens: int, extra: int, grid: tuple[int, int] | None = None, timm: bool = False
) -> Tensor:
    """Interpolate a table of position embeddings bicubically, as mmpretrain or timm does with its own.

    Args:
        table: (1, L, C), embeddings of the class token, if there is one, and of a square grid of patches.
        tokens: L of the backbone.
        extra: How many of these are no patches: 1 with a class token.
        grid: Rows and columns of the backbone's patches; None for a square.
        timm: With timm's smoothing where the grid gets smaller.

    Returns:
        (1, tokens, C).

    Raises:
        ConfigError: If the embeddings are of no square grid.

    Example:
        >>> import torch
        >>> resize_positions(torch.zeros(1, 197, 8), tokens=577, extra=1).shape
        torch.Size([1, 577, 8])
    """
    length = table.shape[1]
    source_extra = next((n for n in (extra, 1, 0) if _is_square(length - n)), None)
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
    if timm:
        from timm.layers.pos_embed import resample_abs_pos_embed

        return resample_abs_pos_embed(table, [rows, columns], [side, side], num_prefix_tokens=extra)
    from mmpretrain.models.utils import resize_pos_embed

    return resize_pos_embed(table, (side, side), (rows, columns), 'bicubic', extra)


def is_moco_v3(table: Tensor) -> bool:
    """Whether the positions are MoCo-v3's sines and cosines, which are never trained.

    Args:
        table: (1, 1 + side * side, C), the class token first.
    """
    if table.is_meta or isqrt(table.shape[1] - 1) ** 2 != table.shape[1] - 1:
        return False
    side, quarter = isqrt(table.shape[1] - 1), table.shape[2] // 4
    angles = torch.arange(side)[:, None] / 10000 ** (torch.arange(quarter) / quarter)
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    grid = torch.cat([waves.repeat_interleave(side, 0), waves.repeat(side, 1)], dim=1)
    return torch.allclose(table[0, 1:].float(), grid, atol=1e-2)


def _is_square(length: int) -> bool:
    return length >= 0 and isqrt(length) ** 2 == length


def _resizable(network: nn.Module, table: Tensor, target: Tensor, name: str) -> bool:
    different = table.shape != target.shape and table.shape[1:] == target.shape[1:]
    # OpenMMLab's networks resize at other places, or not at all.
    return different and hasattr(network, 'pretrained_cfg') and hasattr(_owner(network, name), 'window_size')


def _resize_relative(network: nn.Module, name: str, table: Tensor, target: Tensor) -> Tensor:
    from timm.layers.pos_embed_rel import resize_rel_pos_bias_table

    window: Any = _owner(network, name).window_size
    return resize_rel_pos_bias_table(table, new_window_size=window, new_bias_shape=tuple(target.shape))


def _owner(network: nn.Module, name: str) -> nn.Module:
    return network.get_submodule(name.removesuffix(TABLE).rstrip('.'))
