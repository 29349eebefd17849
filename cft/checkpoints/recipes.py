"""A tensor of a backbone out of others of a file: code bases join and part the same numbers differently."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

Make = Callable[..., Tensor]


@dataclass(frozen=True)
class Recipe:
    """How a tensor is made that the file has not by itself.

    Attributes:
        name: Pattern of the backbone's name.
        parts: Names in the file, with the groups of the pattern.
        make: The tensor out of the parts; raises ValueError where numbers would get lost.
    """

    name: str
    parts: tuple[str, ...]
    make: Make


def _join(*parts: Tensor) -> Tensor:
    return torch.cat(parts)


def _third(index: int) -> Make:
    return lambda joined: joined.chunk(3)[index]


def _half(index: int) -> Make:
    return lambda joined: joined.chunk(2)[index]


def _bias_without_keys(index: int) -> Make:
    """Of a joined bias, where the backbone has none for the keys."""

    def make(bias: Tensor, mask: Tensor | None = None) -> Tensor:
        parts = (bias if mask is None else masked(bias, mask)).chunk(3)
        if not parts[1].is_meta and parts[1].any():
            raise ValueError('has a bias of the keys, for which the backbone has no place')
        return parts[index]

    return make


def masked(bias: Tensor, mask: Tensor) -> Tensor:
    """DINOv3's bias as it counts: the mask is zero for the keys, whose numbers may be anything.

    Example:
        >>> masked(torch.tensor([1.0, torch.nan]), torch.tensor([1, 0]))
        tensor([1., 0.])
    """
    return torch.where(mask == 0, torch.zeros_like(bias), bias * mask)


def _dense(kernel: Tensor) -> Tensor:
    """Weight of a convolution of a kernel of MinkowskiEngine: (K*K, C) depthwise, else (K*K, C_in, C_out)."""
    side = isqrt(len(kernel))
    if kernel.dim() == 2:
        return kernel.T.reshape(-1, 1, side, side).transpose(2, 3)
    return kernel.permute(2, 1, 0).reshape(kernel.shape[2], kernel.shape[1], side, side).transpose(2, 3)


# The first whose parts are all there is taken.
RECIPES = (
    # With its mask, the joined bias of the same name is not what counts.
    Recipe(r'(.*attn\.)qkv\.bias', (r'\1qkv.bias', r'\1qkv.bias_mask'), masked),
    Recipe(r'(.*attn\.)q_bias', (r'\1qkv.bias', r'\1qkv.bias_mask'), _bias_without_keys(0)),
    Recipe(r'(.*attn\.)v_bias', (r'\1qkv.bias', r'\1qkv.bias_mask'), _bias_without_keys(2)),
    Recipe(r'(.*attn\.)q_bias', (r'\1qkv.bias',), _bias_without_keys(0)),
    Recipe(r'(.*attn\.)v_bias', (r'\1qkv.bias',), _bias_without_keys(2)),
    Recipe(r'(.*attn\.)qkv\.(weight|bias)', (r'\1q_proj.\2', r'\1k_proj.\2', r'\1v_proj.\2'), _join),
    *(Recipe(rf'(.*attn\.){part}_proj\.weight', (r'\1qkv.weight',), _third(i)) for i, part in enumerate('qkv')),
    Recipe(r'(.*attn\.)([qv])_proj\.bias', (r'\1\2_bias',), torch.clone),
    Recipe(r'(.*attn\.)([qv])_bias', (r'\1\2_proj.bias',), torch.clone),
    Recipe(r'(.*attn_pool\.)q\.(weight|bias)', (r'\1in_proj.\2',), _third(0)),
    Recipe(r'(.*attn_pool\.)kv\.(weight|bias)', (r'\1in_proj.\2',), lambda joined: joined[len(joined) // 3 :]),
    Recipe(r'(.*blocks\.\d+\.)gamma_([12])', (r'\1ls\2.gamma',), torch.clone),
    Recipe(r'(.*blocks\.\d+\.)ls([12])\.gamma', (r'\1gamma_\2',), torch.clone),
    Recipe(r'(.*mlp\.)fc1\.(weight|bias)', (r'\1fc1_g.\2', r'\1fc1_x.\2'), _join),
    # Without a gate, Hugging Face's up_proj is the first layer.
    Recipe(r'(.*mlp\.)fc1\.(weight|bias)', (r'\1fc1_x.\2',), torch.clone),
    Recipe(r'(.*mlp\.)fc1_g\.(weight|bias)', (r'\1fc1.\2',), _half(0)),
    Recipe(r'(.*mlp\.)fc1_x\.(weight|bias)', (r'\1fc1.\2',), _half(1)),
    # One table of relative positions of BEiT's pre-training goes to every block.
    Recipe(
        r'(.*?)(?:blocks|layers)\.\d+\.attn\.relative_position_bias_table',
        (r'\1rel_pos_bias.relative_position_bias_table',),
        torch.clone,
    ),
    # torchscale's positions begin at 2.
    Recipe(r'(.*)pos_embed', (r'\1embed_positions',), lambda table: table[2:]),
    Recipe(r'(.*)\.weight', (r'\1.kernel',), _dense),
)


def find_recipe(name: str, view: Collection[str]) -> tuple[tuple[str, ...], Make | None] | None:
    """Names of a file of which a tensor is made, and how; None if it lacks them.

    Example:
        >>> find_recipe('attn.q_bias', ['attn.q_proj.bias'])[0]
        ('attn.q_proj.bias',)
    """
    mask = name.endswith('qkv.bias') and f'{name}_mask' in view
    if name in view and not mask:
        return (name,), None
    for recipe in RECIPES:
        if found := re.fullmatch(recipe.name, name):
            parts = tuple(found.expand(part) for part in recipe.parts)
            if all(part in view for part in parts):
                return parts, recipe.make
    return None
