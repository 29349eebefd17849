"""The table in tools/checkpoints/README.md, held to the truth: full-size networks by names and shapes, without memory.

The names come from the classes of torchvision and timm, from those of Hugging Face's transformers (recorded by
record_foreign_shapes.py) and from the authors' classes (authors_names.py).
"""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn

from cft.checkpoints import guess_architecture
from cft.checkpoints.explain import encoder_of
from cft.checkpoints.foreign import foreign_tensor
from cft.checkpoints.match import assemble, find_encoders, match_names
from cft.checkpoints.names import dialects_of
from cft.checkpoints.positions import fit_positions
from cft.checkpoints.sources import recognise
from tests.checkpoints import authors_names as authors

README = Path(__file__).resolve().parents[2] / 'tools' / 'checkpoints' / 'README.md'
RECORDED = Path(__file__).parent / 'data' / 'hugging_face_shapes.json'
TINY, BASE = (96, 192, 384, 768), (3, 3, 9, 3)
ATTO = ((40, 80, 160, 320), (2, 2, 6, 2))
HEADS = (3, 6, 12, 24)
Tensors = dict[str, Tensor]


def meta(shapes: authors.Shapes) -> Tensors:
    return {name: torch.empty(shape, device='meta') for name, shape in shapes.items()}


def built(make: Callable[..., nn.Module], prefix: str = '', **options: object) -> Tensors:
    with torch.device('meta'):
        return {prefix + name: value for name, value in make(**options).state_dict().items()}


def recorded(name: str) -> Tensors:
    shapes = json.loads(RECORDED.read_text())[name]['shapes']
    names: authors.Shapes = {}
    for short, shape in shapes.items():
        run = re.search(r'\{(\d+)-(\d+)\}', short)
        indices = range(int(run[1]), int(run[2]) + 1) if run else [None]
        names |= {short.replace(run[0], str(i)) if run else short: tuple(shape) for i in indices}
    return meta(names)


def small_images(prefix: str) -> Tensors:
    """SimCLR's ResNet-18 for CIFAR: a stem of 3x3."""
    with torch.device('meta'):
        model = torchvision.models.resnet18()
        model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    return {prefix + name: value for name, value in model.state_dict().items()}


models = torchvision.models
# Family: who names it, and the tensors.
FAMILIES: dict[str, tuple[str, Callable[[], Tensors]]] = {
    'ResNet-50': ('torchvision', partial(built, models.resnet50)),
    'ResNet-18 for small images': ('torchvision', partial(small_images, 'backbone.')),
    'MoCo-v2 ResNet-50': ('torchvision', partial(built, models.resnet50, 'module.encoder_q.')),
    'ResNet-50-D': ('timm', partial(built, timm.models.resnet50d)),
    'ViT-B/16': ('torchvision', partial(built, models.vit_b_16)),
    'DINO ViT-S/16': ('transformers', partial(recorded, 'ViT-S/16 (DINO)')),
    'MAE ViT-B/16': ('transformers', partial(recorded, 'ViT-B/16 (MAE)')),
    'MAE ViT-L/16': ('authors', lambda: meta(authors.mae(1024, 24, 16, 14))),
    'MoCo-v3 ViT-B/16': ('authors', lambda: meta(authors.moco_v3(768, 12, 16, 14))),
    'iBOT ViT-S/16': ('authors', lambda: meta(authors.ibot(384, 12, 16, 14))),
    'DINOv2 ViT-S/14': ('authors', lambda: meta(authors.dinov2(384, 12, 14, 37, chunks=4))),
    'DINOv2 ViT-B/14': ('transformers', partial(recorded, 'DINOv2 ViT-B/14')),
    'DINOv2 ViT-g/14': ('transformers', partial(recorded, 'DINOv2 ViT-g/14')),
    'DINOv2 ViT-S/14 with registers': ('authors', lambda: meta(authors.dinov2(384, 12, 14, 37, 4))),
    'DINOv2 ViT-B/14 with registers': ('transformers', partial(recorded, 'DINOv2 ViT-B/14, registers')),
    'DINOv3 ViT-S/16': ('authors', lambda: meta(authors.dinov3_vit(384, 12))),
    'DINOv3 ViT-S+/16': ('authors', lambda: meta(authors.dinov3_vit(384, 12, 1536))),
    'DINOv3 ViT-S/16, short names': ('transformers', partial(recorded, 'DINOv3 ViT-S/16')),
    'DINOv3 ConvNeXt-T': ('authors', lambda: meta(authors.dinov3_convnext(TINY, BASE))),
    'DINOv3 ConvNeXt-T, short names': ('transformers', partial(recorded, 'DINOv3 ConvNeXt-T')),
    'ConvNeXt-T': ('authors', lambda: meta(authors.convnext(TINY, BASE))),
    'ConvNeXt-T of torchvision': ('torchvision', partial(built, models.convnext_tiny)),
    'ConvNeXt-T of transformers': ('transformers', partial(recorded, 'ConvNeXt-T')),
    'ConvNeXt-v2-T': ('transformers', partial(recorded, 'ConvNeXt-v2-T')),
    'FCMAE ConvNeXt-v2-A': ('authors', lambda: meta(authors.fcmae(*ATTO))),
    'Swin-T': ('authors', lambda: meta(authors.swin(96, (2, 2, 6, 2), HEADS, 7))),
    'Swin-T of torchvision': ('torchvision', partial(built, models.swin_t)),
    'Swin-T of transformers': ('transformers', partial(recorded, 'Swin-T')),
    'SimMIM Swin-B': ('authors', lambda: meta(authors.simmim(128, (2, 2, 18, 2), (4, 8, 16, 32), 6))),
    'Swin-v2-T': ('authors', lambda: meta(authors.swin(96, (2, 2, 6, 2), HEADS, 8, 2))),
    'EVA-02-Ti/14': ('authors', lambda: meta(authors.eva02(192, 12, 14, 16, False, 512))),
    'EVA-02-B/14': ('authors', lambda: meta(authors.eva02(768, 12, 14, 16, True, 2048))),
    'BEiT-B/16': ('authors', lambda: meta(authors.beit(768, 12, 12, 16, 14))),
    'BEiT-B/16, fine-tuned': ('transformers', partial(recorded, 'BEiT-B/16')),
    'BEiT-v2-L/16': ('authors', lambda: meta(authors.beit(1024, 24, 16, 16, 14, 2))),
    'BEiT-3-B/16': ('authors', lambda: meta(authors.beit3(768, 12, 16, 14))),
    'SigLIP ViT-B/16': ('transformers', partial(recorded, 'SigLIP ViT-B/16')),
    'SigLIP ViT-B/16 of OpenCLIP': ('timm', partial(built, timm.models.vit_base_patch16_siglip_224, 'visual.trunk.')),
    'CLIP ViT-B/16': ('authors', lambda: meta(authors.clip(768, 12, 16, 14))),
    'CLIP ViT-B/32': ('transformers', partial(recorded, 'CLIP ViT-B/32')),
}  # fmt: skip
# Networks that a file does not tell wholly, as a user names them.
NAMED = {
    'CLIP ViT-B/16': 'vit_base_patch16_clip_quickgelu_224',
    'CLIP ViT-B/32': 'vit_base_patch32_clip_quickgelu_224',
}

# The file in test_family_steps.py with which a step of classification, segmentation and detection is taken.
STEPS = {
    'MAE ViT-B/16': 'MAE', 'MAE ViT-L/16': 'MAE', 'MoCo-v3 ViT-B/16': 'MoCo-v3', 'iBOT ViT-S/16': 'iBOT',
    'DINOv2 ViT-S/14': 'DINOv2', 'DINOv2 ViT-B/14': 'DINOv2', 'DINOv2 ViT-g/14': 'DINOv2, SwiGLU',
    'DINOv2 ViT-S/14 with registers': 'DINOv2, registers', 'DINOv2 ViT-B/14 with registers': 'DINOv2, registers',
    'DINOv3 ViT-S/16': 'DINOv3', 'DINOv3 ViT-S+/16': 'DINOv3, SwiGLU', 'DINOv3 ViT-S/16, short names': 'DINOv3',
    'DINOv3 ConvNeXt-T': 'DINOv3 ConvNeXt', 'DINOv3 ConvNeXt-T, short names': 'DINOv3 ConvNeXt',
    'ConvNeXt-T': 'ConvNeXt', 'ConvNeXt-T of torchvision': 'ConvNeXt', 'ConvNeXt-T of transformers': 'ConvNeXt',
    'ConvNeXt-v2-T': 'ConvNeXt-v2', 'FCMAE ConvNeXt-v2-A': 'FCMAE', 'Swin-T': 'Swin', 'Swin-T of torchvision': 'Swin',
    'Swin-T of transformers': 'Swin', 'SimMIM Swin-B': 'SimMIM', 'Swin-v2-T': 'Swin-v2',
    'EVA-02-Ti/14': 'EVA-02, joined', 'EVA-02-B/14': 'EVA-02, parted', 'BEiT-B/16': 'BEiT',
    'BEiT-B/16, fine-tuned': 'BEiT', 'BEiT-v2-L/16': 'BEiT-v2', 'BEiT-3-B/16': 'BEiT-3', 'SigLIP ViT-B/16': 'siglip',
    'SigLIP ViT-B/16 of OpenCLIP': 'siglip', 'CLIP ViT-B/16': 'CLIP', 'CLIP ViT-B/32': 'CLIP',
}  # fmt: skip


def backbone(family: str, tensors: Tensors) -> tuple[str, nn.Module]:
    """How the network is named in the table, and the network."""
    config = guess_architecture(encoder_of(tensors)).config
    assert (config is None) == (family in NAMED)
    config = config or dict(type='cft.TimmBackbone', model_name=NAMED[family])
    settings = dict(config)
    # mmpretrain's ResNet reads numbers while it is built.
    with torch.device('cpu' if settings['type'].startswith('ResNet') else 'meta'):
        if settings.pop('type') != 'cft.TimmBackbone':
            with DefaultScope.overwrite_default_scope('mmpretrain'):
                return f'mmpretrain {config["type"]}', MODELS.build(dict(config))
        name = settings.pop('model_name')
        shown = ''.join(f', {key}={value}' for key, value in settings.items())
        named = ', by name' if family in NAMED else ''
        return f'timm {name}{shown}{named}', timm.create_model(name, num_classes=0, **settings)


def row(family: str) -> str:
    origin, make = FAMILIES[family]
    tensors = make()
    name, network = backbone(family, tensors)
    own = network.state_dict()
    match = match_names(own, tensors)
    assert match is not None
    loaded = assemble(match, tensors, own)
    fit_positions(network, loaded, own)
    assert match.lacking == []
    assert foreign_tensor(match, own, tensors) is None
    assert {key: value.shape for key, value in loaded.items()} == {key: own[key].shape for key in loaded}
    prefix = find_encoders(tensors)[0]
    assert prefix == match.prefix
    source = recognise(tensors, prefix, '', dialects_of(tensors)[prefix].name if prefix in dialects_of(tensors) else '')
    return f'| {family} | {origin} | {source.name} | {name} | {len(loaded)} of {len(own)} |'


def table() -> dict[str, str]:
    """Rows of the README by family."""
    lines = README.read_text().partition('| family |')[2].partition('\n\n')[0].splitlines()[2:]
    return {line.split('|')[1].strip(): line for line in lines}


def test_every_family_is_in_the_table() -> None:
    assert list(table()) == list(FAMILIES)
    assert len(FAMILIES) >= 25


@pytest.mark.parametrize('family', FAMILIES)
def test_row(family: str) -> None:
    steps = 'yes' if family in STEPS else 'elsewhere'
    assert table()[family] == f'{row(family)} {steps} | {steps} | {steps} |'


if __name__ == '__main__':
    print('\n'.join(row(family) for family in FAMILIES))
