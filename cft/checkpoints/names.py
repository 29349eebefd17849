"""How code bases name the tensors of a network, in timm's names and in OpenMMLab's.

One way: the names of authors and of Hugging Face become timm's, and those of a
ResNet or a plain vision transformer OpenMMLab's. torchvision's, timm's and
mmpretrain's ResNets share their names, which are therefore no dialect. A dialect
is recognised by names below a prefix.
"""

import re
from collections.abc import Iterable

from .authors import AUTHORS
from .dialect import Dialect, find_dialects, translate_below
from .hugging_face import HUGGING_FACE


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
MMSEG_VIT = Dialect(
    'mmseg ViT',
    ('patch_embed.projection.weight', 'layers.0.attn.attn.in_proj_weight'),
    ((r'\.attn\.attn\.in_proj_', '.attn.qkv.'), (r'\.attn\.attn\.out_proj\.', '.attn.proj.')),
)
MMPRETRAIN_VIT = Dialect('mmpretrain ViT', ('patch_embed.projection.weight', 'layers.0.attn.qkv.weight'), ())
TO_TIMM = (*HUGGING_FACE, *AUTHORS)
TO_OPENMMLAB = (*map(_numbered_children, (4, 3, 2)), DETECTRON2, TIMM_VIT, MMSEG_VIT, MMPRETRAIN_VIT)


def dialects_of(names: Iterable[str]) -> dict[str, Dialect]:
    """Prefixes below which a network stands, and the dialect in which a file names it."""
    names = list(names)
    return find_dialects(names, TO_OPENMMLAB) | find_dialects(names, TO_TIMM)


def to_timm(names: Iterable[str]) -> dict[str, str]:
    """timm's names of the tensors of a file, each with its name in the file; names of no dialect stay.

    Example:
        >>> to_timm(['conv_proj.weight', 'encoder.layers.encoder_layer_0.ln_1.weight'])['patch_embed.proj.weight']
        'conv_proj.weight'
    """
    names = list(names)
    return translate_below(names, find_dialects(names, TO_TIMM))


def to_openmmlab(names: Iterable[str], own: Iterable[str] = ()) -> dict[str, str]:
    """OpenMMLab's names of the tensors of a file, each with its name in the file.

    Args:
        names: The file's.
        own: The backbone's, which tell two ways of naming in OpenMMLab apart:
            mmseg's ViT has PyTorch's attention.
    """
    timm = to_timm(names)
    new = translate_below(timm, find_dialects(timm, TO_OPENMMLAB))
    if any(name.endswith('.attn.attn.in_proj_weight') for name in own):
        return {_as_mmseg(name): timm[other] for name, other in new.items()}
    return {name: timm[other] for name, other in new.items()}


def _as_mmseg(name: str) -> str:
    name = re.sub(r'(layers\.\d+\.attn)\.qkv\.(weight|bias)$', r'\1.attn.in_proj_\2', name)
    return re.sub(r'(layers\.\d+\.attn)\.proj\.', r'\1.attn.out_proj.', name)
