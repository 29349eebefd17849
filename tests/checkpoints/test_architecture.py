"""The architecture that named tensors show, and what is said where they do not show all of it."""

import re
from pathlib import Path

import pytest
import timm
import torch
import torchvision
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn

from cft.checkpoints import convert_checkpoint, describe_checkpoint, guess_architecture, load_ssl_backbone
from cft.errors import ConfigError
from tests.checkpoints import authors_names as names


def meta(shapes: names.Shapes) -> dict[str, Tensor]:
    return {name: torch.empty(shape, device='meta') for name, shape in shapes.items()}


def network(name: str, **options: object) -> dict[str, Tensor]:
    with torch.device('meta'):
        return timm.create_model(name, **options).state_dict()


def resnet18(kernel: int) -> nn.Module:
    model = torchvision.models.resnet18()
    model.conv1 = nn.Conv2d(3, 64, kernel, padding=kernel // 2, bias=False)
    return model


@pytest.mark.parametrize(('kernel', 'kind'), [(7, 'ResNet'), (3, 'ResNet_CIFAR')])
def test_resnet_and_its_form_for_small_images(tmp_path: Path, kernel: int, kind: str) -> None:
    """Told by the kernel of the stem: the config takes the file, the other one refuses it, and the strides differ."""
    model = resnet18(kernel)
    torch.save(model.state_dict(), tmp_path / 'file.pth')
    architecture = describe_checkpoint(tmp_path / 'file.pth').architecture
    assert architecture.config == dict(type=kind, depth=18)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        backbone = MODELS.build(dict(architecture.config))
        other = MODELS.build(dict(type='ResNet' if kind == 'ResNet_CIFAR' else 'ResNet_CIFAR', depth=18))
    load_ssl_backbone(backbone, tmp_path / 'file.pth')
    backbone.eval()
    assert backbone(torch.zeros(1, 3, 32, 32))[-1].shape[-1] == (1 if kind == 'ResNet' else 4)
    with pytest.raises(ConfigError, match=r'conv1\.weight.*shape'):
        load_ssl_backbone(other, tmp_path / 'file.pth')


@pytest.mark.parametrize(('name', 'kernel'), [('ResNet-18', 7), ('ResNet-18 (3x3 stem)', 3)])
def test_the_stem_is_told(name: str, kernel: int) -> None:
    assert guess_architecture(resnet18(kernel).state_dict()).name == name


@pytest.mark.parametrize(('kind', 'variant'), [('ResNetV1c', 'c'), ('ResNetV1d', 'd')])
def test_deep_stems_of_openmmlab(kind: str, variant: str) -> None:
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(dict(type=kind, depth=50))
    assert guess_architecture(model.state_dict()).config == dict(type=kind, depth=50)
    timms = dict(type='cft.TimmBackbone', model_name=f'resnet50{variant}')
    assert guess_architecture(network(f'resnet50{variant}')).config == timms


# Networks that the table of families lacks: timm's name, its arguments, and the arguments of the config.
NETWORKS: dict[str, tuple[dict, dict]] = {
    'convnext_atto_ols': ({}, {}),
    'convnextv2_pico': ({}, {}),
    'swin_base_patch4_window12_384': ({}, {}),
    'swin_tiny_patch4_window7_224': (dict(img_size=256, window_size=8), dict(img_size=256, window_size=8)),
    'vit_small_patch14_dinov2': (dict(img_size=224), dict(img_size=224)),
    'vit_base_patch14_reg4_dinov2': (dict(patch_size=16, img_size=224), dict(patch_size=16, img_size=224)),
    'vit_small_plus_patch16_dinov3': ({}, {}),
    'vit_base_patch16_dinov3': ({}, {}),
    'eva02_base_patch14_448': ({}, {}),
    'eva02_small_patch14_224': (dict(img_size=280), dict(img_size=280)),
    'beit_base_patch16_384': ({}, {}),
    'beit3_base_patch16_224': (dict(img_size=384), dict(img_size=384)),
    'vit_so400m_patch14_siglip_378': ({}, dict(act_layer='gelu_tanh')),
}


@pytest.mark.parametrize('name', NETWORKS)
def test_network_of_timm(name: str) -> None:
    """The config is the network itself: what it builds has the names and shapes again."""
    options, arguments = NETWORKS[name]
    tensors = network(name, num_classes=0, **options)
    config = guess_architecture(tensors).config
    assert config == dict(type='cft.TimmBackbone', model_name=name, **arguments)
    again = network(
        config['model_name'], num_classes=0, **{k: v for k, v in config.items() if k not in ('type', 'model_name')}
    )
    assert {k: v.shape for k, v in again.items()} == {k: v.shape for k, v in tensors.items()}


UNTOLD = {
    'heads of a ViT': (
        network('vit_small_patch16_224', embed_dim=320, num_heads=5), 'number of heads is not in the file',
    ),
    'windows of a Swin-v2': (
        network('swinv2_tiny_window8_256'), 'size of windows is not in the file; name the network',
    ),
    'activation of a CLIP': (network('vit_base_patch16_clip_224'), 'whether its activation is GELU or QuickGELU'),
    'heads of a DINOv2': (network('vit_small_patch14_dinov2', depth=7), 'DINOv2 ViT of 7 layers.*number of heads'),
    'ConvNeXt': (meta(names.convnext((96, 192, 384, 768), (1, 2, 1, 1))), 'ConvNeXt of depths 1-2-1-1, width 96'),
    'Swin': (meta(names.swin(96, (2, 2), (3, 6), 7)), 'Swin of depths 2-2, width 96'),
}  # fmt: skip


@pytest.mark.parametrize('case', UNTOLD)
def test_what_a_file_does_not_tell_is_not_guessed(case: str) -> None:
    tensors, words = UNTOLD[case]
    architecture = guess_architecture(tensors)
    assert architecture.config is None
    assert re.search(words, architecture.name)


def moco_v3_positions(side: int, width: int) -> Tensor:
    """Sines and cosines of the first index, then of the second, as moco-v3's vits.py lays them out."""
    table = torch.zeros(1, 1 + side * side, width)
    for first in range(side):
        for second in range(side):
            for i in range(width // 4):
                wave = 10000 ** (i / (width // 4))
                row = table[0, 1 + first * side + second]
                for part, angle in enumerate((first / wave, second / wave)):
                    row[part * width // 2 + i] = torch.tensor(angle).sin()
                    row[part * width // 2 + width // 4 + i] = torch.tensor(angle).cos()
    return table


@pytest.mark.parametrize(('moco', 'heads'), [(True, 12), (False, 6)])
def test_heads_of_a_small_vit(moco: bool, heads: int) -> None:
    """MoCo-v3's has twelve, which its fixed positions show."""
    tensors = {name: torch.zeros(shape) for name, shape in names.vit(384, 12, 16, 4).items()}
    tensors['pos_embed'] = moco_v3_positions(4, 384) if moco else torch.randn(1, 17, 384)
    config = guess_architecture(tensors).config
    assert config is not None
    assert config['arch']['num_heads'] == heads
    assert config['img_size'] == 64


def test_biases_of_zeros_choose_the_network_without() -> None:
    tensors = {name: torch.zeros(shape) for name, shape in names.dinov3_vit(192, 12).items()}
    assert guess_architecture(tensors).config is None
    tensors = {name: torch.zeros(shape) for name, shape in names.dinov3_vit(384, 12).items()}
    assert guess_architecture(tensors).config['model_name'] == 'vit_small_patch16_dinov3'
    tensors['blocks.3.attn.qkv.bias'][5] = tensors['blocks.3.attn.qkv.bias_mask'][5] = 1
    assert guess_architecture(tensors).config['model_name'] == 'vit_small_patch16_dinov3_qkvb'


LOOKS = {
    'a LoRA adapter': 'base_model.model.blocks.0.attn.qkv.lora_A.weight',
    'a diffusion U-Net': 'model.diffusion_model.input_blocks.0.0.weight',
    "a detector's neck": 'neck.fpn_convs.0.conv.weight',
    'a text encoder': 'text_model.encoder.layers.0.mlp.fc1.weight',
    'a YOLO detector': 'model.0.conv.weight',
    "a segmenter's head": 'decode_head.conv_seg.weight',
}


@pytest.mark.parametrize('words', LOOKS)
def test_what_is_no_backbone_is_told(tmp_path: Path, words: str) -> None:
    """By every way to read it: loading, describing, converting."""
    path = tmp_path / 'file.pth'
    torch.save({'state_dict': {LOOKS[words]: torch.ones(2, 2)}}, path)
    with pytest.raises(ConfigError, match=f'the file seems to hold {words}'):
        load_ssl_backbone(timm.create_model('resnet10t', num_classes=0), path)
    assert f'looks like {words}' in describe_checkpoint(path).architecture.name
    with pytest.raises(ConfigError, match='tells no backbone'):
        convert_checkpoint(path, tmp_path / 'out.pth')
