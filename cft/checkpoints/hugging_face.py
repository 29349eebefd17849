"""How the classes of Hugging Face's transformers name their tensors, and the same in timm's names.

Files on the Hub have the names of version 4; version 5 has shorter ones in memory, and both are known.
"""

from .authors import MERGING
from .dialect import Dialect

# Attention, feed-forward layers and norms of most encoders, within a block.
BLOCK = (
    (r'\.attention\.(?:attention\.|self\.)?query\.', '.attn.q_proj.'),
    (r'\.attention\.(?:attention\.|self\.)?key\.', '.attn.k_proj.'),
    (r'\.attention\.(?:attention\.|self\.)?value\.', '.attn.v_proj.'),
    (r'\.attention\.([qkv])_proj\.', r'.attn.\1_proj.'),
    (r'\.attention\.(?:output\.dense|o_proj)\.', '.attn.proj.'),
    (r'\.intermediate\.dense\.', '.mlp.fc1.'),
    (r'\.output\.dense\.', '.mlp.fc2.'),
    (r'\.layernorm_before\.', '.norm1.'),
    (r'\.layernorm_after\.', '.norm2.'),
    (r'\.layer_scale([12])\.lambda1$', r'.ls\1.gamma'),
    (r'\.lambda_([12])$', r'.gamma_\1'),
    (r'\.mlp\.weights_in\.', '.mlp.fc1.'),
    (r'\.mlp\.weights_out\.', '.mlp.fc2.'),
    (r'\.mlp\.gate_proj\.', '.mlp.fc1_g.'),
    (r'\.mlp\.up_proj\.', '.mlp.fc1_x.'),
    (r'\.mlp\.down_proj\.', '.mlp.fc2.'),
    (r'(blocks\.\d+)\.(?:.*\.)?(relative_position_bias_table)$', r'\1.attn.\2'),
    (r'\.attention\.self\.logit_scale$', '.attn.logit_scale'),
    (r'\.attention\.self\.continuous_position_bias_mlp\.', '.attn.cpb_mlp.'),
)
VIT = Dialect(
    'Hugging Face ViT',
    (
        'embeddings.patch_embeddings.projection.weight',
        'encoder.layer.0.layernorm_before.weight|encoder.layer.0.norm1.weight|layers.0.layernorm_before.weight',
    ),
    (
        (r'^embeddings\.patch_embeddings\.projection\.', 'patch_embed.proj.'),
        (r'^embeddings\.position_embeddings$', 'pos_embed'),
        (r'^embeddings\.register_tokens$', 'reg_token'),
        (r'^embeddings\.distillation_token$', 'dist_token'),
        (r'^embeddings\.(cls_token|mask_token)$', r'\1'),
        (r'^(?:encoder\.relative_position_bias|shared_position_bias)\.', 'rel_pos_bias.'),
        (r'^(?:encoder\.layer|layers)\.', 'blocks.'),
        *BLOCK,
        (r'^layernorm\.', 'norm.'),
        (r'^pooler\.layernorm\.', 'fc_norm.'),
    ),
)
DINOV3 = Dialect(
    'Hugging Face DINOv3 ViT',
    ('embeddings.patch_embeddings.weight', 'layer.0.norm1.weight|model.layer.0.norm1.weight'),
    (
        (r'^embeddings\.patch_embeddings\.', 'patch_embed.proj.'),
        (r'^embeddings\.register_tokens$', 'reg_token'),
        (r'^embeddings\.(cls_token|mask_token)$', r'\1'),
        (r'^(?:model\.)?layer\.', 'blocks.'),
        *BLOCK,
    ),
)
SIGLIP = Dialect(
    'Hugging Face SigLIP or CLIP ViT',
    ('embeddings.patch_embedding.weight', 'encoder.layers.0.layer_norm1.weight'),
    (
        (r'^embeddings\.patch_embedding\.', 'patch_embed.proj.'),
        (r'^embeddings\.position_embedding\.weight$', 'pos_embed'),
        (r'^embeddings\.class_embedding$', 'cls_token'),
        (r'^encoder\.layers\.', 'blocks.'),
        (r'\.layer_norm([12])\.', r'.norm\1.'),
        (r'\.self_attn\.([qkv])_proj\.', r'.attn.\1_proj.'),
        (r'\.self_attn\.out_proj\.', '.attn.proj.'),
        # The misspelling is theirs.
        (r'^pre_layrnorm\.', 'norm_pre.'),
        (r'^post_layernorm\.', 'norm.'),
        (r'^head\.probe$', 'attn_pool.latent'),
        (r'^head\.attention\.in_proj_', 'attn_pool.in_proj.'),
        (r'^head\.attention\.out_proj\.', 'attn_pool.proj.'),
        (r'^head\.layernorm\.', 'attn_pool.norm.'),
        (r'^head\.mlp\.', 'attn_pool.mlp.'),
    ),
)
SWIN = Dialect(
    'Hugging Face Swin',
    ('embeddings.patch_embeddings.projection.weight', 'encoder.layers.0.blocks.0.layernorm_before.weight'),
    (
        (r'^embeddings\.patch_embeddings\.projection\.', 'patch_embed.proj.'),
        (r'^embeddings\.norm\.', 'patch_embed.norm.'),
        (r'^embeddings\.position_embeddings$', 'absolute_pos_embed'),
        (r'^encoder\.layers\.', 'layers.'),
        *MERGING,
        *BLOCK,
        (r'^layernorm\.', 'norm.'),
    ),
)
CONVNEXT = Dialect(
    'Hugging Face ConvNeXt',
    ('embeddings.patch_embeddings.weight', 'encoder.stages.0.layers.0.dwconv.weight'),
    (
        (r'^embeddings\.patch_embeddings\.', 'stem.0.'),
        (r'^embeddings\.layernorm\.', 'stem.1.'),
        (r'^encoder\.stages\.(\d)\.downsampling_layer\.', r'stages.\1.downsample.'),
        (r'^encoder\.stages\.(\d)\.layers\.', r'stages.\1.blocks.'),
        (r'\.dwconv\.', '.conv_dw.'),
        (r'\.pwconv([12])\.', r'.mlp.fc\1.'),
        (r'\.grn\.', '.mlp.grn.'),
        (r'\.layer_scale_parameter$', '.gamma'),
        (r'^layernorm\.', 'head.norm.'),
        (r'\.layernorm\.', '.norm.'),
    ),
)


def _dinov3_convnext(parent: str) -> Dialect:
    """Version 5 has the stages, but not the last norm, below ``model``."""
    start = rf'^{parent}stages\.'.replace('model.', r'model\.')
    rules = (
        (rf'{start}0\.downsample_layers\.', 'stem.'),
        (rf'{start}(\d)\.downsample_layers\.', r'stages.\1.downsample.'),
        (rf'{start}(\d)\.layers\.', r'stages.\1.blocks.'),
        (r'\.depthwise_conv\.', '.conv_dw.'),
        (r'\.pointwise_conv([12])\.', r'.mlp.fc\1.'),
        (r'^layer_norm\.', 'head.norm.'),
        (r'\.layer_norm\.', '.norm.'),
    )
    names = (f'{parent}stages.0.downsample_layers.0.weight', f'{parent}stages.0.layers.0.depthwise_conv.weight')
    return Dialect('Hugging Face DINOv3 ConvNeXt', (*names, 'layer_norm.weight'), rules)


HUGGING_FACE = (VIT, DINOV3, SIGLIP, SWIN, CONVNEXT, *map(_dinov3_convnext, ('', 'model.')))
