"""Which architecture named tensors belong to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

RESNET_DEPTHS = {
    (False, (2, 2, 2, 2)): 18,
    (False, (3, 4, 6, 3)): 34,
    (True, (3, 4, 6, 3)): 50,
    (True, (3, 4, 23, 3)): 101,
    (True, (3, 8, 36, 3)): 152,
    (True, (3, 24, 36, 3)): 200,
}
VIT_SIZES = {(192, 12): 'Ti', (384, 12): 'S', (768, 12): 'B', (1024, 24): 'L', (1280, 32): 'H', (1536, 40): 'g'}


@dataclass(frozen=True)
class Architecture:
    """A backbone, as its tensors show it.

    Attributes:
        name: For people.
        config: mmpretrain's config of it; None if mmpretrain has none.
    """

    name: str
    config: dict | None = None


def guess_architecture(tensors: Mapping[str, Tensor]) -> Architecture:
    """The architecture of tensors in OpenMMLab's names, see :func:`cft.checkpoints.names.translate`.

    Example:
        >>> import torchvision
        >>> guess_architecture(torchvision.models.resnet18().state_dict()).name
        'ResNet-18'
    """
    if 'patch_embed.projection.weight' in tensors and tensors['patch_embed.projection.weight'].dim() == 4:
        return _guess_vit(tensors)
    blocks = _count(tensors, r'layer(\d+)\.(\d+)\.conv1\.weight')
    if not blocks:
        return Architecture('unknown architecture')
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
        deep = any(re.match(r'(stem|conv1)\.\d', name) for name in tensors)
        return Architecture(f'{kind} with a deep stem' if deep else f'{kind} without a stem')
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


def _guess_vit(tensors: Mapping[str, Tensor]) -> Architecture:
    projection = tensors['patch_embed.projection.weight']
    width, patch = projection.shape[0], projection.shape[-1]
    layers = len({match[1] for name in tensors if (match := re.match(r'layers\.(\d+)\.', name))})
    kind = 'BEiT' if any(name.endswith('attn.q_bias') for name in tensors) else 'ViT'
    size = VIT_SIZES.get((width, layers))
    name = f'{kind}-{size}/{patch}' if size else f'{kind} of {layers} layers, {width} channels, patch {patch}'
    table = tensors.get('pos_embed')
    side = round((table.shape[1] - 1) ** 0.5) if table is not None and table.dim() == 3 else None
    hidden = tensors.get('layers.0.ffn.layers.0.0.weight')
    plain = {'cls_token', 'pos_embed', 'layers.0.attn.qkv.weight', 'layers.0.attn.qkv.bias', 'ln1.weight'}
    if kind == 'BEiT' or hidden is None or side is None or not plain <= set(tensors) or side**2 + 1 != table.shape[1]:
        return Architecture(name)
    arch = dict(embed_dims=width, num_layers=layers, num_heads=max(1, width // 64), feedforward_channels=len(hidden))
    config = dict(type='VisionTransformer', arch=arch, patch_size=patch, img_size=patch * side)
    gamma = any(name.endswith('.gamma1.weight') for name in tensors)
    return Architecture(name, config | (dict(layer_scale_init_value=1e-5) if gamma else {}))
