"""How the authors of networks, and torchvision, name their tensors, and the same in timm's names.

Sources: facebookresearch's dinov2, dinov3, moco-v3, mae, ConvNeXt, ConvNeXt-V2 (its sparse encoder too),
microsoft's Swin-Transformer, SimMIM and unilm (BEiT 1 to 3), baaivision's EVA, openai's CLIP and open_clip.
"""

from .dialect import Dialect

# A stage of Swin ends with the merging of patches, in timm the next one begins with it; the last stage first.
MERGING = tuple((rf'^layers\.{stage}\.downsample\.', f'layers.{stage + 1}.downsample.') for stage in (2, 1, 0))

VIT = Dialect(
    'timm ViT',
    ('patch_embed.proj.weight', 'blocks.0.norm1.weight|blocks.0.0.norm1.weight'),
    (
        # DINOv2 trains in chunks of blocks, numbered through.
        (r'^blocks\.\d+\.(\d+)\.', r'blocks.\1.'),
        (r'^(storage_tokens|register_tokens)$', 'reg_token'),
        (r'\.mlp\.w12\.', '.mlp.fc1.'),
        (r'\.mlp\.w1\.', '.mlp.fc1_g.'),
        (r'\.mlp\.w2\.', '.mlp.fc1_x.'),
        (r'\.mlp\.w3\.', '.mlp.fc2.'),
        (r'\.mlp\.ffn_ln\.', '.mlp.norm.'),
        (r'\.attn\.inner_attn_ln\.', '.attn.norm.'),
    ),
)
BEIT3 = Dialect(
    'BEiT-3',
    ('beit3.vision_embed.proj.weight', 'beit3.encoder.layers.0.self_attn.q_proj.A.weight'),
    (
        (r'^beit3\.(.*)\.B\.', r'language.\1.B.'),
        (r'^beit3\.', ''),
        (r'^vision_embed\.proj\.', 'patch_embed.proj.'),
        (r'^vision_embed\.(cls_token|mask_token)$', r'\1'),
        (r'^encoder\.embed_positions\.A\.weight$', 'embed_positions'),
        (r'^encoder\.layer_norm\.A\.', 'norm.'),
        (r'^encoder\.layers\.(\d+)\.self_attn_layer_norm\.A\.', r'blocks.\1.norm1.'),
        (r'^encoder\.layers\.(\d+)\.self_attn\.inner_attn_ln\.A\.', r'blocks.\1.attn.norm.'),
        (r'^encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.A\.', r'blocks.\1.attn.\2_proj.'),
        (r'^encoder\.layers\.(\d+)\.self_attn\.out_proj\.A\.', r'blocks.\1.attn.proj.'),
        (r'^encoder\.layers\.(\d+)\.final_layer_norm\.A\.', r'blocks.\1.norm2.'),
        (r'^encoder\.layers\.(\d+)\.ffn\.A\.ffn_layernorm\.', r'blocks.\1.mlp.norm.'),
        (r'^encoder\.layers\.(\d+)\.ffn\.A\.', r'blocks.\1.mlp.'),
    ),
)
CLIP = Dialect(
    'CLIP ViT',
    ('conv1.weight', 'transformer.resblocks.0.ln_1.weight'),
    (
        (r'^conv1\.', 'patch_embed.proj.'),
        (r'^class_embedding$', 'cls_token'),
        (r'^positional_embedding$', 'pos_embed'),
        (r'^ln_pre\.', 'norm_pre.'),
        (r'^ln_post\.', 'norm.'),
        (r'^transformer\.resblocks\.(\d+)\.ln_([12])\.', r'blocks.\1.norm\2.'),
        (r'^transformer\.resblocks\.(\d+)\.attn\.in_proj_', r'blocks.\1.attn.qkv.'),
        (r'^transformer\.resblocks\.(\d+)\.attn\.out_proj\.', r'blocks.\1.attn.proj.'),
        (r'^transformer\.resblocks\.(\d+)\.mlp\.c_fc\.', r'blocks.\1.mlp.fc1.'),
        (r'^transformer\.resblocks\.(\d+)\.mlp\.c_proj\.', r'blocks.\1.mlp.fc2.'),
    ),
)
CONVNEXT = Dialect(
    'ConvNeXt',
    ('downsample_layers.0.0.weight', 'stages.0.0.dwconv.weight|stages.0.0.dwconv.kernel'),
    (
        (r'^downsample_layers\.0\.', 'stem.'),
        (r'^downsample_layers\.(\d)\.', r'stages.\1.downsample.'),
        (r'^stages\.(\d)\.(\d+)\.', r'stages.\1.blocks.\2.'),
        (r'\.dwconv\.', '.conv_dw.'),
        (r'\.pwconv([12])\.', r'.mlp.fc\1.'),
        (r'\.grn\.gamma$', '.mlp.grn.weight'),
        (r'\.grn\.beta$', '.mlp.grn.bias'),
        # The sparse layers of FCMAE wrap the dense ones.
        (r'\.(?:ln|linear)\.(weight|bias)$', r'.\1'),
        (r'^norm\.', 'head.norm.'),
        (r'^head\.(weight|bias)$', r'head.fc.\1'),
    ),
)
SWIN = Dialect(
    'Swin',
    ('layers.0.downsample.reduction.weight', 'patch_embed.proj.weight', 'layers.0.blocks.0.norm1.weight'),
    (*MERGING, (r'^head\.(weight|bias)$', r'head.fc.\1')),
)
TIMM_CONVNEXT = Dialect('timm ConvNeXt', ('stem.0.weight', 'stages.0.blocks.0.conv_dw.weight'), ())
TIMM_SWIN = Dialect('timm Swin', ('patch_embed.proj.weight', 'layers.0.blocks.0.norm1.weight'), ())
TORCHVISION_VIT = Dialect(
    'torchvision ViT',
    ('conv_proj.weight', 'encoder.layers.encoder_layer_0.ln_1.weight'),
    (
        (r'^conv_proj\.', 'patch_embed.proj.'),
        (r'^class_token$', 'cls_token'),
        (r'^encoder\.pos_embedding$', 'pos_embed'),
        (r'^encoder\.ln\.', 'norm.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.ln_([12])\.', r'blocks.\1.norm\2.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.in_proj_', r'blocks.\1.attn.qkv.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.out_proj\.', r'blocks.\1.attn.proj.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:0|linear_1)\.', r'blocks.\1.mlp.fc1.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:3|linear_2)\.', r'blocks.\1.mlp.fc2.'),
    ),
)
TORCHVISION_CONVNEXT = Dialect(
    'torchvision ConvNeXt',
    ('features.0.0.weight', 'features.1.0.block.0.weight', 'features.1.0.layer_scale'),
    (
        (r'^features\.0\.', 'stem.'),
        *((rf'^features\.{2 * stage}\.', f'stages.{stage}.downsample.') for stage in (1, 2, 3)),
        *((rf'^features\.{2 * stage + 1}\.', f'stages.{stage}.blocks.') for stage in range(4)),
        (r'\.block\.0\.', '.conv_dw.'),
        (r'\.block\.2\.', '.norm.'),
        (r'\.block\.3\.', '.mlp.fc1.'),
        (r'\.block\.5\.', '.mlp.fc2.'),
        (r'\.layer_scale$', '.gamma'),
        (r'^classifier\.0\.', 'head.norm.'),
        (r'^classifier\.2\.', 'head.fc.'),
    ),
)
TORCHVISION_SWIN = Dialect(
    'torchvision Swin',
    ('features.0.0.weight', 'features.0.2.weight', 'features.1.0.attn.qkv.weight'),
    (
        (r'^features\.0\.0\.', 'patch_embed.proj.'),
        (r'^features\.0\.2\.', 'patch_embed.norm.'),
        *((rf'^features\.{2 * stage}\.', f'layers.{stage}.downsample.') for stage in (1, 2, 3)),
        *((rf'^features\.{2 * stage + 1}\.', f'layers.{stage}.blocks.') for stage in range(4)),
        (r'\.mlp\.0\.', '.mlp.fc1.'),
        (r'\.mlp\.3\.', '.mlp.fc2.'),
        (r'^head\.(weight|bias)$', r'head.fc.\1'),
    ),
)
AUTHORS = (
    BEIT3, CLIP, CONVNEXT, SWIN, TORCHVISION_VIT, TORCHVISION_CONVNEXT, TORCHVISION_SWIN,
    TIMM_CONVNEXT, TIMM_SWIN, VIT,
)  # fmt: skip
