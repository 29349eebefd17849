"""How code bases name the tensors of a ResNet or a vision transformer, and the same tensors in OpenMMLab's names.

torchvision's, timm's and mmpretrain's ResNets share their names, which are
therefore no dialect. A dialect is recognised by names below a prefix.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SHARED_TABLE = 'rel_pos_bias.relative_position_bias_table'


@dataclass(frozen=True)
class Dialect:
    """Names of one code base.

    Attributes:
        name: Of the code base or architecture.
        anchors: Names that such a network has, by which it is recognised.
        rules: Patterns and replacements, applied in this order.
    """

    name: str
    anchors: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]

    def translate(self, name: str) -> str:
        """OpenMMLab's name of a tensor; the name itself if no rule is for it.

        Example:
            >>> TIMM_VIT.translate('blocks.3.mlp.fc1.weight')
            'layers.3.ffn.layers.0.0.weight'
        """
        for pattern, replacement in self.rules:
            name = re.sub(pattern, replacement, name)
        return name


def _numbered_children(first_stage: int) -> Dialect:
    """``nn.Sequential(*resnet.children())``: where the stages begin depends on which layers the stem kept."""
    stages = tuple((rf'^{first_stage + i}\.(?=\d)', f'layer{i + 1}.') for i in range(4))
    rules = ((r'^0\.', 'conv1.'), (r'^1\.(?=\D)', 'bn1.'), *stages)
    anchors = ('0.weight', '1.running_mean', *(f'{first_stage + i}.0.conv1.weight' for i in range(4)))
    return Dialect('numbered ResNet', anchors, rules)


DETECTRON2 = Dialect(
    'detectron2 ResNet',
    ('stem.conv1.weight', 'res2.0.conv1.weight'),
    (
        (r'^stem\.', ''),
        *((rf'^res{stage + 1}\.', f'layer{stage}.') for stage in range(1, 5)),
        (r'conv(\d)\.norm\.', r'bn\1.'),
        (r'shortcut\.norm\.', 'downsample.1.'),
        (r'shortcut\.', 'downsample.0.'),
    ),
)
TIMM_VIT = Dialect(
    'timm ViT',
    ('patch_embed.proj.weight', 'blocks.0.norm1.weight'),
    (
        (r'^patch_embed\.proj\.', 'patch_embed.projection.'),
        (r'^blocks\.(\d+)\.norm([12])\.', r'layers.\1.ln\2.'),
        (r'^blocks\.(\d+)\.mlp\.fc1\.', r'layers.\1.ffn.layers.0.0.'),
        (r'^blocks\.(\d+)\.mlp\.fc2\.', r'layers.\1.ffn.layers.1.'),
        (r'^blocks\.(\d+)\.ls1\.gamma$', r'layers.\1.attn.gamma1.weight'),
        (r'^blocks\.(\d+)\.ls2\.gamma$', r'layers.\1.ffn.gamma2.weight'),
        (r'^blocks\.', 'layers.'),
        (r'^norm\.', 'ln1.'),
        (r'^fc_norm\.', 'ln2.'),
        (r'^norm_pre\.', 'pre_norm.'),
    ),
)
TORCHVISION_VIT = Dialect(
    'torchvision ViT',
    ('conv_proj.weight', 'encoder.layers.encoder_layer_0.ln_1.weight'),
    (
        (r'^conv_proj\.', 'patch_embed.projection.'),
        (r'^class_token$', 'cls_token'),
        (r'^encoder\.pos_embedding$', 'pos_embed'),
        (r'^encoder\.ln\.', 'ln1.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.ln_([12])\.', r'layers.\1.ln\2.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.in_proj_', r'layers.\1.attn.qkv.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.out_proj\.', r'layers.\1.attn.proj.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:0|linear_1)\.', r'layers.\1.ffn.layers.0.0.'),
        (r'^encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:3|linear_2)\.', r'layers.\1.ffn.layers.1.'),
    ),
)
MMSEG_VIT = Dialect(
    'mmseg ViT',
    ('patch_embed.projection.weight', 'layers.0.attn.attn.in_proj_weight'),
    ((r'\.attn\.attn\.in_proj_', '.attn.qkv.'), (r'\.attn\.attn\.out_proj\.', '.attn.proj.')),
)
MMPRETRAIN_VIT = Dialect('mmpretrain ViT', ('patch_embed.projection.weight', 'layers.0.attn.qkv.weight'), ())
DIALECTS = (*map(_numbered_children, (4, 3, 2)), DETECTRON2, TIMM_VIT, TORCHVISION_VIT, MMSEG_VIT, MMPRETRAIN_VIT)


def find_dialects(names: Iterable[str]) -> dict[str, Dialect]:
    """Prefixes below which a network in a dialect stands."""
    names = set(names)
    found = {}
    for dialect in DIALECTS:
        first, *others = dialect.anchors
        for name in sorted(name for name in names if name == first or name.endswith(f'.{first}')):
            prefix = name[: len(name) - len(first)]
            if all(prefix + other in names for other in others):
                found.setdefault(prefix, dialect)
    return found


def translate(names: Iterable[str], own: Iterable[str] = ()) -> dict[str, str]:
    """OpenMMLab's names of the tensors of a file.

    Args:
        names: The file's.
        own: The backbone's, which tell two ways of naming in OpenMMLab apart:
            mmseg's ViT has PyTorch's attention; a BEiT has one table of relative
            positions or one in each layer.

    Returns:
        New name to the name in the file; one in the file may have several.
    """
    names, own = list(names), list(own)
    dialects = find_dialects(names)
    translated = {}
    for name in names:
        prefix = max((prefix for prefix in dialects if name.startswith(prefix)), key=len, default=None)
        new = name if prefix is None else prefix + dialects[prefix].translate(name[len(prefix) :])
        translated[new] = name
    tables = [name for name in own if name.endswith('.attn.relative_position_bias_table')]
    for shared in [name for name in translated if name.endswith(SHARED_TABLE)] if tables else []:
        prefix = shared[: -len(SHARED_TABLE)]
        translated |= {prefix + table: translated[shared] for table in tables}
    if any(name.endswith('.attn.attn.in_proj_weight') for name in own):
        translated = {_as_mmseg(new): name for new, name in translated.items()}
    return translated


def _as_mmseg(name: str) -> str:
    name = re.sub(r'(layers\.\d+\.attn)\.qkv\.(weight|bias)$', r'\1.attn.in_proj_\2', name)
    return re.sub(r'(layers\.\d+\.attn)\.proj\.', r'\1.attn.out_proj.', name)
