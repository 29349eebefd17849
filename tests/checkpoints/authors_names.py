"""Names and shapes of networks as their authors save them, written down from the classes that they published.

Each function names its source: the repository and the file with the class. Sizes are arguments, so that the same list
serves the full network and a small one. Nothing here comes from ``cft`` or from timm.
"""

from math import prod

import torch
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]


def affine(name: str, *shape: int) -> Shapes:
    return {f'{name}.weight': shape, f'{name}.bias': shape[:1]}


def norm(name: str, width: int) -> Shapes:
    return affine(name, width)


def below(prefix: str, shapes: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in shapes.items()}


def patches(width: int, patch: int, name: str = 'patch_embed.proj') -> Shapes:
    return affine(name, width, 3, patch, patch)


def mlp(width: int, hidden: int) -> Shapes:
    return affine('mlp.fc1', hidden, width) | affine('mlp.fc2', width, hidden)


def vit_blocks(width: int, layers: int, block: Shapes, name: str = 'blocks.{}.') -> Shapes:
    both = norm('norm1', width) | norm('norm2', width)
    return {k: v for layer in range(layers) for k, v in below(name.format(layer), both | block).items()}


def attention(width: int) -> Shapes:
    return affine('attn.qkv', 3 * width, width) | affine('attn.proj', width, width)


def vit(width: int, layers: int, patch: int, side: int) -> Shapes:
    """facebookresearch/moco-v3 vits.py, dino vision_transformer.py, mae models_mae.py, bytedance/ibot models."""
    shapes = {'cls_token': (1, 1, width), 'pos_embed': (1, side**2 + 1, width)} | patches(width, patch)
    return shapes | vit_blocks(width, layers, attention(width) | mlp(width, 4 * width)) | norm('norm', width)


def moco_v3(width: int, layers: int, patch: int, side: int) -> Shapes:
    """facebookresearch/moco-v3 moco/builder.py: the encoder and its moving average, projectors and a predictor."""
    base = below('module.base_encoder.', vit(width, layers, patch, side) | affine('head.0', 16, width))
    average = below('module.momentum_encoder.', vit(width, layers, patch, side))
    return base | average | affine('module.predictor.0', 16, 8)


def mae(width: int, layers: int, patch: int, side: int) -> Shapes:
    """facebookresearch/mae models_mae.py."""
    decoder = below('decoder_', vit_blocks(32, 1, attention(32) | mlp(32, 128)))
    shapes = {'mask_token': (1, 1, 32), 'decoder_pos_embed': (1, side**2 + 1, 32)} | affine('decoder_embed', 32, width)
    return vit(width, layers, patch, side) | shapes | decoder | norm('decoder_norm', 32) | affine('decoder_pred', 9, 32)


def ibot(width: int, layers: int, patch: int, side: int) -> Shapes:
    """bytedance/ibot models/vision_transformer.py and main_ibot.py: the teacher, saved with its wrapper."""
    shapes = vit(width, layers, patch, side) | {'masked_embed': (1, width)}
    return below('backbone.', shapes) | affine('head.mlp.0', 8, width)


def dinov2(
    width: int, layers: int, patch: int, side: int, registers: int = 0, swiglu: int = 0, chunks: int = 0
) -> Shapes:
    """facebookresearch/dinov2 models/vision_transformer.py; training wraps blocks in chunks."""
    scales = {'ls1.gamma': (width,), 'ls2.gamma': (width,)}
    hidden = mlp(width, 4 * width)
    if swiglu:
        hidden = affine('mlp.w12', 2 * swiglu, width) | affine('mlp.w3', width, swiglu)
    shapes: Shapes = {'cls_token': (1, 1, width), 'pos_embed': (1, side**2 + 1, width), 'mask_token': (1, width)}
    shapes |= {'register_tokens': (1, registers, width)} if registers else {}
    shapes |= patches(width, patch) | norm('norm', width)
    for layer in range(layers):
        name = f'blocks.{layer * chunks // layers}.{layer}.' if chunks else f'blocks.{layer}.'
        shapes |= vit_blocks(width, 1, attention(width) | scales | hidden, name)
    return shapes


def dinov3_vit(width: int, layers: int, swiglu: int = 0) -> Shapes:
    """facebookresearch/dinov3 models/vision_transformer.py, layers/attention.py (LinearKMaskedBias), ffn_layers.py."""
    block = attention(width) | {'attn.qkv.bias_mask': (3 * width,), 'ls1.gamma': (width,), 'ls2.gamma': (width,)}
    gated = affine('mlp.w1', swiglu, width) | affine('mlp.w2', swiglu, width) | affine('mlp.w3', width, swiglu)
    shapes = {'cls_token': (1, 1, width), 'storage_tokens': (1, 4, width), 'mask_token': (1, width)}
    shapes |= patches(width, 16) | {'rope_embed.periods': (16,)} | norm('norm', width)
    return shapes | vit_blocks(width, layers, block | (gated if swiglu else mlp(width, 4 * width)))


def convnext(dims: tuple[int, ...], depths: tuple[int, ...], version: int = 1) -> Shapes:
    """facebookresearch/ConvNeXt models/convnext.py, ConvNeXt-V2 models/convnextv2.py (GRN instead of a layer scale)."""
    shapes = affine('downsample_layers.0.0', dims[0], 3, 4, 4) | norm('downsample_layers.0.1', dims[0])
    for stage, (width, depth) in enumerate(zip(dims, depths, strict=True)):
        if stage:
            shapes |= norm(f'downsample_layers.{stage}.0', dims[stage - 1])
            shapes |= affine(f'downsample_layers.{stage}.1', width, dims[stage - 1], 2, 2)
        block = affine('dwconv', width, 1, 7, 7) | norm('norm', width)
        block |= affine('pwconv1', 4 * width, width) | affine('pwconv2', width, 4 * width)
        grn = {'grn.gamma': (1, 1, 1, 4 * width), 'grn.beta': (1, 1, 1, 4 * width)}
        block |= {'gamma': (width,)} if version == 1 else grn
        shapes |= {k: v for layer in range(depth) for k, v in below(f'stages.{stage}.{layer}.', block).items()}
    return shapes | norm('norm', dims[-1]) | affine('head', 10, dims[-1])


def dinov3_convnext(dims: tuple[int, ...], depths: tuple[int, ...]) -> Shapes:
    """facebookresearch/dinov3 models/convnext.py: the last of its norms is the norm itself."""
    shapes = convnext(dims, depths) | norm('norms.3', dims[-1])
    return {name: shape for name, shape in shapes.items() if not name.startswith('head.')}


def fcmae(dims: tuple[int, ...], depths: tuple[int, ...]) -> Shapes:
    """facebookresearch/ConvNeXt-V2 models/fcmae.py and convnextv2_sparse.py on MinkowskiEngine."""
    shapes: Shapes = {}
    for name, shape in convnext(dims, depths, 2).items():
        parent, _, leaf = name.rpartition('.')
        if name.startswith(('norm.', 'head.')):
            continue
        if parent.startswith('downsample_layers.0.'):
            shapes[name] = shape
        elif len(shape) == 4 and leaf == 'weight':
            area = shape[2] * shape[3]
            shapes[f'{parent}.kernel'] = (area, shape[0]) if 'dwconv' in name else (area, shape[1], shape[0])
        elif leaf in ('gamma', 'beta'):
            shapes[name] = (1, shape[-1])
        elif parent.endswith('.norm') or (parent.startswith('downsample') and parent.endswith('.0')):
            shapes[f'{parent}.ln.{leaf}'] = shape
        elif 'pwconv' in name:
            shapes[f'{parent}.linear.{leaf}'] = shape
        else:
            shapes[name] = (1, *shape)
    encoder = below('encoder.', shapes)
    return encoder | affine('proj', 8, dims[-1], 1, 1) | {'mask_token': (1, 8, 1, 1)} | affine('pred', 9, 8, 1, 1)


def swin(width: int, depths: tuple[int, ...], heads: tuple[int, ...], window: int, version: int = 1) -> Shapes:
    """microsoft/Swin-Transformer models/swin_transformer.py and swin_transformer_v2.py, with their buffers."""
    shapes = patches(width, 4) | norm('patch_embed.norm', width)
    for stage, (depth, count) in enumerate(zip(depths, heads, strict=True)):
        wide = width * 2**stage
        block = mlp(wide, 4 * wide) | affine('attn.proj', wide, wide)
        block |= {'attn.relative_position_index': (window**2, window**2), 'attn.qkv.weight': (3 * wide, wide)}
        if version == 1:
            block |= {'attn.relative_position_bias_table': ((2 * window - 1) ** 2, count), 'attn.qkv.bias': (3 * wide,)}
        else:
            block |= {'attn.logit_scale': (count, 1, 1), 'attn.q_bias': (wide,), 'attn.v_bias': (wide,)}
            block |= affine('attn.cpb_mlp.0', 512, 2) | {'attn.cpb_mlp.2.weight': (count, 512)}
            block |= {'attn.relative_coords_table': (1, 2 * window - 1, 2 * window - 1, 2)}
        for layer in range(depth):
            shapes |= vit_blocks(wide, 1, block, f'layers.{stage}.blocks.{layer}.')
            if layer % 2:
                shapes[f'layers.{stage}.blocks.{layer}.attn_mask'] = (4, window**2, window**2)
        if stage + 1 < len(depths):
            shapes[f'layers.{stage}.downsample.reduction.weight'] = (2 * wide, 4 * wide)
            shapes |= norm(f'layers.{stage}.downsample.norm', 4 * wide if version == 1 else 2 * wide)
    return shapes | norm('norm', width * 2 ** (len(depths) - 1)) | affine('head', 10, width * 2 ** (len(depths) - 1))


def simmim(width: int, depths: tuple[int, ...], heads: tuple[int, ...], window: int) -> Shapes:
    """microsoft/SimMIM models/simmim.py: no classifier, a mask token, a decoder of one convolution."""
    shapes = {name: s for name, s in swin(width, depths, heads, window).items() if not name.startswith('head.')}
    encoder = below('encoder.', shapes | {'mask_token': (1, 1, width)})
    return encoder | affine('decoder.0', 3072, width * 2 ** (len(depths) - 1), 1, 1)


def eva02(width: int, layers: int, patch: int, side: int, subln: bool, hidden: int) -> Shapes:
    """baaivision/EVA EVA-02/asuka modeling_pretrain.py and modeling_finetune.py; every block holds the one rope."""
    rope = {'rope.freqs_cos': (side**2, 64), 'rope.freqs_sin': (side**2, 64)}
    block = {'attn.q_bias': (width,), 'attn.v_bias': (width,)} | affine('attn.proj', width, width)
    block |= below('attn.', rope)
    if subln:
        block |= {f'attn.{part}_proj.weight': (width, width) for part in 'qkv'} | norm('mlp.ffn_ln', hidden)
        block |= affine('mlp.w1', hidden, width) | affine('mlp.w2', hidden, width)
    else:
        block |= {'attn.qkv.weight': (3 * width, width)} | affine('mlp.w12', 2 * hidden, width)
    shapes = {'cls_token': (1, 1, width), 'pos_embed': (1, side**2 + 1, width), 'mask_token': (1, 1, width)} | rope
    shapes |= patches(width, patch) | norm('norm', width) | affine('lm_head', 20, width)
    return shapes | vit_blocks(width, layers, block | affine('mlp.w3', width, hidden))


def beit(width: int, layers: int, heads: int, patch: int, side: int, version: int = 1) -> Shapes:
    """microsoft/unilm beit and beit2 modeling_pretrain.py: one table for all blocks."""
    block = {'gamma_1': (width,), 'gamma_2': (width,), 'attn.q_bias': (width,), 'attn.v_bias': (width,)}
    block |= {'attn.qkv.weight': (3 * width, width)} | affine('attn.proj', width, width) | mlp(width, 4 * width)
    shapes = {'cls_token': (1, 1, width), 'mask_token': (1, 1, width)} | patches(width, patch) | norm('norm', width)
    table = 'rel_pos_bias.relative_position_'
    shapes |= {f'{table}bias_table': ((2 * side - 1) ** 2 + 3, heads), f'{table}index': (side**2 + 1, side**2 + 1)}
    shapes |= affine('lm_head', 20, width)
    if version == 2:
        shapes |= vit_blocks(width, 1, block, 'cls_pt_layers.0.') | norm('lm_head_norm', width)
    return shapes | vit_blocks(width, layers, block)


def beit3(width: int, layers: int, patch: int, side: int) -> Shapes:
    """microsoft/unilm beit3 modeling_utils.py on microsoft/torchscale model/BEiT3.py: a branch for each modality."""
    shapes = {'text_embed.weight': (50, width), 'vision_embed.cls_token': (1, 1, width)}
    shapes |= {'vision_embed.mask_token': (1, 1, width)} | patches(width, patch, 'vision_embed.proj')
    shapes |= {
        f'encoder.embed_positions.{branch}.weight': (rows, width) for branch, rows in (('A', side**2 + 3), ('B', 40))
    }
    for branch in 'AB':
        shapes |= norm(f'encoder.layer_norm.{branch}', width)
        for layer in range(layers):
            block: Shapes = {}
            for part in ('q_proj', 'k_proj', 'v_proj', 'out_proj'):
                block |= affine(f'self_attn.{part}.{branch}', width, width)
            block |= norm(f'self_attn.inner_attn_ln.{branch}', width) | norm(f'self_attn_layer_norm.{branch}', width)
            block |= affine(f'ffn.{branch}.fc1', 4 * width, width) | affine(f'ffn.{branch}.fc2', width, 4 * width)
            block |= norm(f'ffn.{branch}.ffn_layernorm', 4 * width) | norm(f'final_layer_norm.{branch}', width)
            shapes |= below(f'encoder.layers.{layer}.', block)
    return below('beit3.', shapes)


def clip(width: int, layers: int, patch: int, side: int) -> Shapes:
    """openai/CLIP clip/model.py, mlfoundations/open_clip: the tower of images beside that of texts."""
    block = {'attn.in_proj_weight': (3 * width, width), 'attn.in_proj_bias': (3 * width,)}
    block |= affine('attn.out_proj', width, width) | norm('ln_1', width) | norm('ln_2', width)
    block |= affine('mlp.c_fc', 4 * width, width) | affine('mlp.c_proj', width, 4 * width)
    tower: Shapes = {'class_embedding': (width,), 'positional_embedding': (side**2 + 1, width), 'proj': (width, 8)}
    tower |= {'conv1.weight': (width, 3, patch, patch)} | norm('ln_pre', width) | norm('ln_post', width)
    for layer in range(layers):
        tower |= below(f'transformer.resblocks.{layer}.', block)
    text = below('transformer.resblocks.0.', block) | {'token_embedding.weight': (50, width), 'logit_scale': ()}
    return below('visual.', tower) | text


def numbers(shapes: Shapes, seed: int = 0) -> dict[str, Tensor]:
    """Tensors of these shapes; buffers as the authors fill them, where it matters."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes.items():
        scale = max(1, prod(shape[1:])) ** -0.5
        tensors[name] = torch.randn(shape, generator=generator) * scale + (0.5 if name.endswith('norm.weight') else 0)
        if name.endswith('bias_mask'):
            third = shape[0] // 3
            tensors[name] = torch.cat([torch.ones(third), torch.zeros(third), torch.ones(third)])
    return tensors
