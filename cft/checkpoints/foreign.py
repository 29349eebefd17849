"""What a file holds within the backbone that the backbone has no place for."""

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from .match import AUXILIARY, COUNTER, DERIVED, Match
from .recipes import masked

# Tensors of a transformer outside of its layers without which it computes something else.
ESSENTIAL = {
    'pos_embed', 'absolute_pos_embed', 'embed_positions', 'norm_pre', 'pre_norm', 'rel_pos_bias', 'reg_token',
    'dist_token', 'cls_norm',
}  # fmt: skip
CLASSIFIER = re.compile(r'head\.(.*\.)?fc\.(weight|bias)|head\.(weight|bias|\d.*|mlp.*|last_layer.*)')
# A norm of the same level as the layers may be of another head, such as a classifier's.
OUTER_NORM = re.compile(r'ln[12]|norm|fc_norm')


def foreign_tensor(
    match: Match, own: Iterable[str], tensors: Mapping[str, Tensor], cut: re.Pattern | None = None
) -> str | None:
    """First name of the file that belongs into the backbone, which has no place for it.

    A further block, a layer scale or a bias: loaded without it, the network would compute something else.
    What ``cut`` matches is left out on purpose, see :func:`cut_off`.
    """
    own, used = set(own), match.used
    modules = {name.split('.')[0] for name in own if '.' in name}
    transformer = any(name.startswith('patch_embed.') for name in match.below)
    for name, file in match.below.items():
        top = name.split('.')[0]
        if file in used or name in own or name.endswith((COUNTER, *DERIVED)) or AUXILIARY.search(name):
            continue
        if cut is not None and cut.match(name):
            continue
        inside = top in modules and not OUTER_NORM.fullmatch(top) and not CLASSIFIER.fullmatch(name)
        if (inside or (top in ESSENTIAL and transformer)) and not is_zero_bias(file, tensors):
            return file
    return None


def cut_off(network: nn.Module, own: Iterable[str]) -> re.Pattern | None:
    """Pattern of the blocks or stages that a network of timm is without because only earlier feature maps are used."""
    features = getattr(network, 'feature_info', None)
    kinds = {kind for name in own if (kind := name.split('.')[0]) in ('blocks', 'stages', 'layers')}
    if not isinstance(features, list) or len(kinds) != 1:
        return None
    (kind,) = kinds
    first = 1 + max(int(name.split('.')[1]) for name in own if name.startswith(f'{kind}.'))
    behind = range(first, len(features))
    return re.compile(rf'{kind}\.({"|".join(map(str, behind))})\.') if behind else None


def is_zero_bias(name: str, tensors: Mapping[str, Tensor]) -> bool:
    """Whether it is a bias of an attention that adds nothing: DINOv3's distilled networks have such."""
    bias = tensors[name]
    if not re.fullmatch(r'.*(qkv\.bias|[qkv]_bias|[qkv]_proj\.bias)', name) or bias.is_meta:
        return False
    mask = tensors.get(f'{name}_mask')
    return not torch.any(bias if mask is None else masked(bias, mask))
