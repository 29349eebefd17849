"""Which architecture named tensors belong to, of those that timm has and mmpretrain has not."""

import re
from collections.abc import Iterator, Mapping
from math import isqrt, log2

from torch import Tensor

from .foreign import is_zero_bias
from .timm_networks import CONVNEXT_SIZES, SWIN_SIZES, VIT_SIZES, Network, first_fitting

LETTERS = {'tiny': 'Ti', 'small': 'S', 'base': 'B', 'large': 'L', 'huge': 'H', 'giant': 'g', '7b': '7B'}
Tensors = Mapping[str, Tensor]
Guess = tuple[str, dict | None]


def guess_timm(tensors: Tensors) -> Guess | None:
    """Name and config of a ConvNeXt, a Swin or a vision transformer with more than the plain one has.

    Args:
        tensors: In timm's names, without a prefix.

    Returns:
        The config is None where the file does not tell all of the network, and the name then says why;
        None for any other network.

    Example:
        >>> import timm
        >>> guess_timm(timm.create_model('convnext_atto').state_dict())
        ('ConvNeXt atto', {'type': 'cft.TimmBackbone', 'model_name': 'convnext_atto'})
    """
    if 'stem.0.weight' in tensors and 'stages.0.blocks.0.norm.weight' in tensors:
        return _guess_convnext(tensors)
    patches = tensors.get('patch_embed.proj.weight')
    if patches is None or patches.dim() != 4:
        return _guess_deep_resnet(tensors)
    if 'layers.0.blocks.0.norm1.weight' in tensors:
        return _guess_swin(tensors)
    return _guess_transformer(tensors) if 'blocks.0.norm1.weight' in tensors else None


def _depths(tensors: Tensors, pattern: str) -> tuple[int, ...]:
    found = {(int(match[1]), int(match[2])) for name in tensors if (match := re.match(pattern, name))}
    stages = range(1 + max(stage for stage, _ in found))
    return tuple(sum(stage == other for other, _ in found) for stage in stages)


def _guess_convnext(tensors: Tensors) -> Guess:
    width, depths = len(tensors['stages.0.blocks.0.norm.weight']), _depths(tensors, r'stages\.(\d+)\.blocks\.(\d+)\.')
    version = '-v2' if any('.grn.' in name for name in tensors) else ''
    size = CONVNEXT_SIZES.get((width, depths))
    if size is None:
        return (
            f'ConvNeXt{version} of depths {"-".join(map(str, depths))}, width {width}, which timm does not have',
            None,
        )
    start = f'convnext{version.replace("-", "")}_{size}'
    config = first_fitting(((start + end, {}) for end in ('', '_ols', '_mlp', '_rms', '_rms_ols')), tensors)
    return f'ConvNeXt{version} {size}' + ('' if config else ' with changes, which timm does not have'), config


def _guess_swin(tensors: Tensors) -> Guess:
    width, depths = len(tensors['patch_embed.proj.weight']), _depths(tensors, r'layers\.(\d+)\.blocks\.(\d+)\.')
    second = 'layers.0.blocks.0.attn.logit_scale' in tensors
    kind = 'Swin-v2' if second else 'Swin'
    size = SWIN_SIZES.get((width, depths))
    if size is None:
        return f'{kind} of depths {"-".join(map(str, depths))}, width {width}, which timm does not have', None
    name = f'{kind}-{LETTERS[size][0]}'
    window = _window_v2(tensors) if second else _window(tensors)
    if window is None:
        names = f'timm/swinv2_{size}_window8_256 or another window'
        return f'{name} whose size of windows is not in the file; name the network, backbone={names}', None
    usual, start = (8, 'swinv2_{}_window{}_{}') if second else (7, 'swin_{}_patch4_window{}_{}')
    image = window * 32
    sized = dict(img_size=image, window_size=window)
    candidates = [(start.format(size, window, image), {}), (start.format(size, usual, usual * 32), sized)]
    return f'{name} with windows of {window}', first_fitting(candidates, tensors)


def _window(tensors: Tensors) -> int | None:
    table = tensors.get('layers.0.blocks.0.attn.relative_position_bias_table')
    return (isqrt(len(table)) + 1) // 2 if table is not None else None


def _window_v2(tensors: Tensors) -> int | None:
    """Of the coordinates that the authors save, unless these were stretched for windows larger than in pre-training."""
    table = tensors.get('layers.0.blocks.0.attn.relative_coords_table')
    if table is None or table.dim() != 4:
        return None
    stretched = not table.is_meta and abs(float(table.max()) - log2(9) / 3) > 1e-3
    return None if stretched else (table.shape[1] + 1) // 2


def _guess_transformer(tensors: Tensors) -> Guess | None:
    projection = tensors['patch_embed.proj.weight']
    width, patch = projection.shape[0], projection.shape[-1]
    layers = len({match[1] for name in tensors if (match := re.match(r'blocks\.(\d+)\.', name))})
    size = VIT_SIZES.get((width, layers))
    kind, note = _kind(tensors, patch)
    if kind is None:
        return None
    dimensions = f' of {layers} layers, {width} channels, patch {patch}'
    shown = 'ViT' + (f'-{LETTERS.get(size, size)}/{patch}' if size else dimensions)
    # A family of its own is no kind of ViT.
    name = f'{kind} {shown}' if kind in ('CLIP', 'SigLIP') or kind.startswith('DINO') else shown.replace('ViT', kind)
    if note or size is None:
        return f'{name}{note or ", whose number of heads is not in the file"}', None
    side = _side(tensors)
    image = dict(img_size=side * patch) if side else {}
    return name, first_fitting(_candidates(kind, size, patch, image, tensors), tensors)


def _kind(tensors: Tensors, patch: int) -> tuple[str | None, str]:
    """The family, and why a member of it can't be named."""
    block = {name.removeprefix('blocks.0.') for name in tensors if name.startswith('blocks.0.')}
    no_key_bias = {'attn.q_bias', 'attn.q_proj.bias'} & block and 'attn.k_proj.bias' not in block
    registers = tensors.get('reg_token')
    if 'cls_token' not in tensors:
        return ('SigLIP', '') if 'attn_pool.latent' in tensors else (None, '')
    if 'norm_pre.weight' in tensors:
        return 'CLIP', ', of which the file does not tell whether its activation is GELU or QuickGELU'
    if 'attn.relative_position_bias_table' in block or 'rel_pos_bias.relative_position_bias_table' in tensors:
        return 'BEiT', ''
    if {'attn.norm.weight', 'mlp.norm.weight'} <= block and not no_key_bias:
        return 'BEiT-3', ''
    if not {'pos_embed', 'embed_positions'} & set(tensors):
        return ('DINOv3', '') if registers is not None else (None, '')
    if ('mlp.fc1_g.weight' in block and 'attn.k_proj.bias' not in block) or no_key_bias:
        gated = (
            'mlp.fc1_g.weight' in block
            or tensors['blocks.0.mlp.fc1.weight'].shape[0] != (tensors['blocks.0.mlp.fc2.weight'].shape[1])
        )
        return ('EVA-02' if gated else 'EVA'), ''
    if registers is not None:
        return f'DINOv2 with {registers.shape[1]} registers', ''
    return ('DINOv2', '') if {'ls1.gamma', 'gamma_1'} & block and patch == 14 else (None, '')


def _side(tensors: Tensors) -> int | None:
    """Patches along a side of the images, as the table of positions shows it."""
    tables = [tensor for name, tensor in tensors.items() if name.endswith('relative_position_bias_table')]
    if tables:
        return (isqrt(len(tables[0]) - 3) + 1) // 2
    table = tensors.get('pos_embed')
    if table is None:
        # torchscale's has two rows more, and the class token.
        return isqrt(len(tensors['embed_positions']) - 3) if 'embed_positions' in tensors else None
    length = table.shape[-2]
    return next((isqrt(n) for n in (length, length - 1) if isqrt(n) ** 2 == n), None)


def _candidates(kind: str, size: str, patch: int, image: dict, tensors: Tensors) -> Iterator[Network]:
    """The network's own image size first, then the file's."""
    registers = tensors['reg_token'].shape[1] if 'reg_token' in tensors else 0
    own = image.get('img_size')
    if kind == 'DINOv3':
        biased = any(
            re.search(r'attn\.(qkv|q_proj)\.bias$|attn\.q_bias$', name) and not is_zero_bias(name, tensors)
            for name in tensors
        )
        end = '_qkvb' if biased and size != '7b' else ''
        for plus in ('', '_plus'):
            name = f'vit_{size}{plus}_patch16_dinov3{end}'
            yield name, {} if registers == 4 else dict(num_reg_tokens=registers)
        return
    names = {
        'DINOv2': [f'vit_{size}_patch14_dinov2'],
        'BEiT': [f'beit_{size}_patch16_{own}', f'beit_{size}_patch16_224'],
        'BEiT-3': [f'beit3_{size}_patch{patch}_{own}', f'beit3_{size}_patch{patch}_224'],
        'EVA-02': [f'eva02_{size}_patch{patch}_{end}' for end in (own, '224', 'clip_224')],
        'EVA': [f'eva_{size}_patch14_{own}', f'eva_{size}_patch14_224', f'eva_{size}_patch14_196'],
        'SigLIP': [f'vit_{name}_patch{patch}_siglip_{own}' for name in (size, 'giantopt')],
    }.get(kind, [f'vit_{size}_patch14_reg4_dinov2'])
    # The authors' GELU is the one by tanh, which timm has in some of these networks only.
    arguments: dict = dict(act_layer='gelu_tanh') if kind == 'SigLIP' else {}
    if kind.startswith('DINOv2'):
        arguments |= dict(patch_size=patch) if patch != 14 else {}
        arguments |= dict(reg_tokens=registers) if registers not in (0, 4) else {}
    yield from ((name, arguments) for name in names)
    yield from ((name, arguments | image) for name in names)


def _guess_deep_resnet(tensors: Tensors) -> Guess | None:
    """timm's, with three convolutions in its stem."""
    if 'conv1.0.weight' not in tensors or 'layer1.0.conv1.weight' not in tensors:
        return None
    depths = _depths(tensors, r'layer(\d)\.(\d+)\.')[1:]
    depth = {'2222': (18,), '3463': (34, 50), '34233': (101,), '38363': (152,)}.get(''.join(map(str, depths)), ())
    config = first_fitting(((f'resnet{number}{end}', {}) for number in depth for end in ('d', 'c', 's')), tensors)
    return (f'ResNet-{config["model_name"][6:]} with a deep stem', config) if config else None
