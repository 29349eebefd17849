"""Which architecture named tensors belong to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt

from torch import Tensor

from .names import to_openmmlab, to_timm
from .positions import is_moco_v3
from .recipes import find_recipe
from .timm_architecture import guess_timm

RESNET_DEPTHS: dict[tuple[bool, tuple[int, ...]], int] = {
    (False, (2, 2, 2, 2)): 18,
    (False, (3, 4, 6, 3)): 34,
    (True, (3, 4, 6, 3)): 50,
    (True, (3, 4, 23, 3)): 101,
    (True, (3, 8, 36, 3)): 152,
    (True, (3, 24, 36, 3)): 200,
}
# By width and number of layers: the usual letter and the number of heads, which no tensor shows.
VIT_SIZES = {
    (192, 12): ('Ti', 3), (384, 12): ('S', 6), (768, 12): ('B', 12), (1024, 24): ('L', 16), (1280, 32): ('H', 16),
    (1536, 40): ('g', 24),
}  # fmt: skip
UNKNOWN = 'unknown architecture'


@dataclass(frozen=True)
class Architecture:
    """A backbone, as its tensors show it.

    Attributes:
        name: For people.
        config: mmpretrain's config of it, or that of a ``cft.TimmBackbone`` where mmpretrain has none;
            None if the tensors do not tell all of it.

    Example:
        >>> Architecture('ResNet-50', dict(type='ResNet', depth=50)).name
        'ResNet-50'
    """

    name: str
    config: dict | None = None


def guess_architecture(tensors: Mapping[str, Tensor]) -> Architecture:
    """The architecture of named tensors.

    A network of timm is built without memory, and named only if all names and shapes fit.

    Args:
        tensors: Of one network, without a prefix, in any naming that
            :func:`cft.checkpoints.load_ssl_backbone` reads.

    Example:
        >>> import torchvision
        >>> guess_architecture(torchvision.models.resnet18().state_dict()).name
        'ResNet-18'
        >>> guess_architecture(torchvision.models.convnext_tiny().state_dict()).config
        {'type': 'cft.TimmBackbone', 'model_name': 'convnext_tiny'}
    """
    guess = guess_timm({name: tensors[file] for name, file in to_timm(tensors).items()})
    if guess is not None:
        return Architecture(*guess)
    tensors = {name: tensors[file] for name, file in to_openmmlab(tensors).items()}
    if 'patch_embed.projection.weight' in tensors and tensors['patch_embed.projection.weight'].dim() == 4:
        return _guess_vit(tensors)
    blocks = _count(tensors, r'layer(\d+)\.(\d+)\.conv1\.weight')
    if not blocks:
        return Architecture(UNKNOWN)
    return _guess_resnet(tensors, tuple(blocks[stage] for stage in sorted(blocks)))


def _count(tensors: Mapping[str, Tensor], pattern: str) -> dict[int, int]:
    found = {match.groups() for name in tensors if (match := re.fullmatch(pattern, name))}
    return {int(stage): sum(other == stage for other, _ in found) for stage, _ in found}


def _guess_resnet(tensors: Mapping[str, Tensor], blocks: tuple[int, ...]) -> Architecture:
    bottleneck = any(name.endswith('.conv3.weight') for name in tensors)
    depth = RESNET_DEPTHS.get((bottleneck, blocks))
    kind = f'ResNet-{depth}' if depth else f'ResNet with {"-".join(map(str, blocks))} blocks'
    stem = tensors.get('conv1.weight')
    if stem is None or stem.dim() != 4:
        if not {'stem.0.weight', 'stem.0.conv.weight'} & set(tensors):
            return Architecture(f'{kind} without a stem')
        return Architecture(f'{kind} with a deep stem', _deep_stem(tensors, depth))
    width, kernel = stem.shape[0], stem.shape[-1]
    first = tensors.get('layer1.0.conv1.weight')
    notes = [f'width {width}'] if width != 64 else []
    notes += [f'{kernel}x{kernel} stem'] if kernel != 7 else []
    if first is not None and first.shape[0] != width:
        return Architecture(f'{kind} with blocks of {first.shape[0]} channels behind a stem of {width}')
    config = dict(type='ResNet' if kernel == 7 else 'ResNet_CIFAR', depth=depth)
    if width != 64:
        config |= dict(stem_channels=width, base_channels=width)
    known = depth and kernel in (3, 7)
    return Architecture(kind + (f' ({", ".join(notes)})' if notes else ''), config if known else None)


def _deep_stem(tensors: Mapping[str, Tensor], depth: int | None) -> dict | None:
    """mmpretrain's, whose stem has half the width at first; shortcuts of its variant d pool before they convolve."""
    stem = [tensors[name] for name in (f'stem.{layer}.conv.weight' for layer in range(3)) if name in tensors]
    if depth is None or [tuple(weight.shape[:2]) for weight in stem] != [(32, 3), (32, 32), (64, 32)]:
        return None
    shortcut = tensors.get('layer2.0.downsample.0.weight')
    return dict(type='ResNetV1d' if shortcut is None else 'ResNetV1c', depth=depth)


def _guess_vit(tensors: Mapping[str, Tensor]) -> Architecture:
    projection = tensors['patch_embed.projection.weight']
    width, patch = projection.shape[0], projection.shape[-1]
    layers = len({match[1] for name in tensors if (match := re.match(r'layers\.(\d+)\.', name))})
    kind = 'BEiT' if any(name.endswith('attn.q_bias') for name in tensors) else 'ViT'
    letter, heads = VIT_SIZES.get((width, layers), ('', 0))
    name = f'{kind}-{letter}/{patch}' if letter else f'{kind} of {layers} layers, {width} channels, patch {patch}'
    table = tensors.get('pos_embed')
    side = isqrt(table.shape[1] - 1) if table is not None and table.dim() == 3 else None
    hidden = tensors.get('layers.0.ffn.layers.0.0.weight')
    plain = {'cls_token', 'pos_embed', 'layers.0.attn.qkv.weight', 'layers.0.attn.qkv.bias', 'ln1.weight'}
    if kind == 'BEiT' or hidden is None or table is None or side is None:
        return Architecture(name)
    if any(find_recipe(needed, tensors) is None for needed in plain) or side**2 + 1 != table.shape[1]:
        return Architecture(name)
    if not heads:
        return Architecture(f'{name} (its number of heads is not in the file)')
    if width == 384 and is_moco_v3(table):
        heads, name = 12, f'{name} with 12 heads (MoCo-v3)'
    arch = dict(embed_dims=width, num_layers=layers, num_heads=heads, feedforward_channels=len(hidden))
    config = dict(type='VisionTransformer', arch=arch, patch_size=patch, img_size=patch * side)
    gamma = any(re.search(r'\.gamma_?1(\.weight)?$', other) for other in tensors)
    return Architecture(name, config | (dict(layer_scale_init_value=1e-5) if gamma else {}))
