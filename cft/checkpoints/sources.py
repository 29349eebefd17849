"""Which code base wrote a checkpoint, told by the names of its tensors."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A code base and what tells its files.

    Attributes:
        name: Method, and the code base where several implement it.
        prefix: Pattern of what precedes the names of the backbone.
        beside: Patterns of further names, each of which some tensor must have.
        where: Pattern of the keys that lead to the tensors.
        dialect: Pattern of the dialect in which the backbone is named, see :mod:`cft.checkpoints.names`.
        taken: Which of several networks is the backbone.
        classifies: Whether ``fc`` or ``head`` are a classifier and no projector.
    """

    name: str
    prefix: str = '.*'
    beside: tuple[str, ...] = ()
    where: str = '.*'
    dialect: str = '.*'
    taken: str = ''
    classifies: bool = False

    def fits(self, names: list[str], prefix: str, where: str, dialect: str) -> bool:
        fields = ((self.prefix, prefix), (self.where, where), (self.dialect, dialect))
        if not all(re.fullmatch(pattern, value) for pattern, value in fields):
            return False
        return all(any(re.match(pattern, name) for name in names) for pattern in self.beside)


ONLINE = 'the online network'
ENCODER = 'the encoder'
TOWER = 'the tower of images'
VIT = '(timm|torchvision|mmpretrain|mmseg) ViT'
# The first that fits is taken: those with companions come before those with a prefix alone.
SOURCES = (
    Source('DINOv3 (Hugging Face)', dialect='Hugging Face DINOv3 .*'),
    Source(
        'DINOv2 with registers (Hugging Face)',
        dialect='Hugging Face ViT',
        beside=(r'.*layer_scale1\.lambda1', r'.*embeddings\.register_tokens'),
    ),
    Source('DINOv2 (Hugging Face)', dialect='Hugging Face ViT', beside=(r'.*layer_scale1\.lambda1',)),
    Source('SigLIP or CLIP (Hugging Face)', dialect='Hugging Face SigLIP.*'),
    Source('MAE (Hugging Face)', dialect='Hugging Face ViT', beside=(r'decoder\.decoder_embed\.',), taken=ENCODER),
    Source('SimMIM (Hugging Face)', dialect='Hugging Face Swin', beside=(r'decoder\.0\.',), taken=ENCODER),
    Source('Hugging Face', dialect='Hugging Face .*', classifies=True),
    Source('DINOv3', dialect='timm ViT', beside=(r'.*storage_tokens',)),
    Source('DINOv3', dialect='ConvNeXt', beside=(r'.*norms\.3\.',)),
    Source('DINOv2 with registers', dialect='timm ViT', beside=(r'.*register_tokens',)),
    Source('DINOv2', dialect='timm ViT', beside=(r'.*mask_token', r'.*ls1\.gamma')),
    Source('iBOT', dialect='timm ViT', beside=(r'.*masked_embed',)),
    Source('BEiT-3', dialect='BEiT-3', classifies=True),
    Source('EVA-02', dialect='timm ViT', beside=(r'.*blocks\.0\.mlp\.w(12|1)\.',), classifies=True),
    Source('FCMAE', dialect='ConvNeXt', beside=(r'.*dwconv\.kernel',), taken=ENCODER),
    Source('ConvNeXt-v2', dialect='ConvNeXt', beside=(r'.*grn\.gamma',), classifies=True),
    Source('ConvNeXt', dialect='ConvNeXt', classifies=True),
    Source('SimMIM', r'(module\.)?encoder\.', dialect='.*Swin', beside=(r'.*decoder\.0\.',), taken=ENCODER),
    Source('Swin Transformer', dialect='Swin', classifies=True),
    Source('CLIP or OpenCLIP', dialect='CLIP ViT', taken=TOWER),
    Source('OpenCLIP', r'(module\.)?visual\.trunk\.', taken=TOWER),
    Source('BEiT-v2', dialect=VIT, beside=(r'(module\.)?cls_pt_layers\.',)),
    Source('BEiT', dialect='timm ViT', beside=(r'.*blocks\.0\.attn\.q_bias',)),
    Source('MAE', dialect='timm ViT', beside=(r'(module\.)?decoder_embed\.',), taken=ENCODER),
    Source('MoCo-v3', r'(module\.)?base_encoder\.', taken='the base encoder'),
    Source('OpenSelfSup', r'(module\.)?encoder_q\.0\.', taken='the query encoder'),
    Source('MoCo (v1, v2)', r'(module\.)?encoder_q\.', taken='the query encoder'),
    Source('MoCo for detectron2', '', dialect='detectron2 ResNet', beside=(r'stem\.fc\.',)),
    Source('detectron2', dialect='detectron2 ResNet'),
    Source('DINO', r'(module\.)?backbone\.', where='teacher', taken='the teacher'),
    Source('DINO', r'(module\.)?backbone\.', where='student', taken='the student'),
    Source('BYOL (byol-pytorch)', r'(module\.)?online_encoder\.net\.', taken=ONLINE),
    Source('BYOL', '.*', where='online_network_state_dict|online_backbone', taken=ONLINE),
    Source('BYOL', r'(module\.)?online_(network|encoder)\.(encoder\.)?', taken=ONLINE),
    Source('VISSL', r'(trunk\.)?(base_model\.)?_feature_blocks\.'),
    Source('VISSL', '.*', where=r'classy_state_dict\..*'),
    Source('SCE (eztorch)', r'(model\.)?trunk\.', (r'(model\.)?momentum_trunk\.',), taken='the online trunk'),
    Source('eztorch', r'(model\.)?trunk\.'),
    Source('DeepCluster-v2', r'(module\.)?', (r'(module\.)?prototypes\.prototypes\d',)),
    Source('SwAV', r'(module\.)?', (r'(module\.)?prototypes\.',)),
    Source('swav code base', r'(module\.)?', (r'(module\.)?projection_head\.',)),
    Source('lightly', r'teacher_backbone\.', dialect='numbered ResNet', taken='the teacher'),
    Source('lightly', r'(student_)?backbone\.', dialect='numbered ResNet'),
    Source('Barlow Twins', r'(module\.)?backbone\.', (r'(module\.)?projector\.0\.', r'(module\.)?bn\.running_mean')),
    Source('solo-learn', r'(backbone|encoder)\.', (r'projector\.\d', r'classifier\.')),
    Source('VICReg', r'(module\.)?backbone\.', (r'(module\.)?projector\.0\.',)),
    Source('PyContrast', r'module\.encoder\.', (r'module\.head\.',)),
    Source('SupContrast', r'encoder\.(module\.)?', (r'head\.',)),
    Source('COIN', r'encoder\.', (r'projector\.input\.', r'classifier\.')),
    Source('SimCLR (Spijkervet)', r'(module\.)?encoder\.', (r'(module\.)?projector\.\d',)),
    Source('SimCLR (bolts)', r'encoder\.', (r'projection\.',)),
    Source('SimCLR (Lightning)', r'convnet\.'),
    Source('SimCLR (sthalles)', r'backbone\.', (r'backbone\.fc\.\d',)),
    Source('mmpretrain, mmselfsup or cft', r'backbone\.(network\.)?'),
    Source('torchvision', '', dialect='torchvision .*', classifies=True),
    Source('timm names (MAE, DINO, DeiT, ...)', r'(module\.)?', dialect='timm ViT', classifies=True),
    Source('timm names', r'(module\.)?', dialect='timm (ConvNeXt|Swin)', classifies=True),
    Source('mmpretrain names', '', dialect=VIT, classifies=True),
    Source('torchvision names', r'(module\.)?', (r'(module\.)?layer1\.0\.conv1\.',), classifies=True),
)
UNKNOWN = Source('unknown source', classifies=True)
MOVING_AVERAGES = ('target', 'momentum', 'encoder_k', 'ema')


def recognise(names: Iterable[str], prefix: str, where: str = '', dialect: str = '') -> Source:
    """The code base whose files have such names.

    Args:
        names: All names of the tensors.
        prefix: What precedes the backbone's names.
        where: Keys that lead to the tensors.
        dialect: How the backbone below the prefix is named.

    Example:
        >>> recognise(['module.encoder_q.conv1.weight'], 'module.encoder_q.').name
        'MoCo (v1, v2)'
    """
    names = list(names)
    return next((source for source in SOURCES if source.fits(names, prefix, where, dialect)), UNKNOWN)


def by_preference(prefixes: Iterable[str]) -> list[str]:
    """Prefixes of several encoders, the one first that the authors evaluate: a teacher, else the online one."""

    def rank(prefix: str) -> int:
        if 'teacher' in prefix:
            return 0
        return 2 if any(word in prefix for word in MOVING_AVERAGES) else 1

    return sorted(prefixes, key=rank)
