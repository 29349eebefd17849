"""Checkpoints of other code bases in their own names: every tensor of the backbone arrives, the source is named."""

import pickle
from pathlib import Path

import pytest
import torch
from mmpretrain.models import BEiTViT, ResNet, ResNet_CIFAR, VisionTransformer
from torch import Tensor, nn

from cft.checkpoints import load_ssl_backbone
from tests.checkpoints.foreign_files import (
    BEIT,
    NUMBERED,
    RESNETS,
    VITS,
    detectron2,
    encoders,
    headless,
    numbered_without_pooling,
)
from tests.checkpoints.foreign_models import beit_weights, timm_vit, torchvision_resnet, torchvision_vit
from tests.checkpoints.narrow_backbones import assert_holds, prefixed

ARCH = {'embed_dims': 8, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 16}


def resnet(depth: int = 18, kind: type = ResNet) -> ResNet:
    return kind(depth=depth, stem_channels=64, base_channels=4)


def vit(**options: object) -> VisionTransformer:
    return VisionTransformer(arch=ARCH, img_size=8, patch_size=4, out_type='raw', **options)


def beit(**options: object) -> BEiTViT:
    return BEiTViT(arch=ARCH, img_size=8, patch_size=4, **options)


def save(content: object, tmp_path: Path) -> Path:
    torch.save(content, tmp_path / 'file.pth')
    return tmp_path / 'file.pth'


def assert_same_outputs(backbone: nn.Module, oracle: nn.Module, size: int = 32) -> None:
    images = torch.randn(2, 3, size, size)
    backbone.eval()
    with torch.no_grad():
        torch.testing.assert_close(backbone(images)[-1], oracle(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('case', RESNETS)
def test_resnet(tmp_path: Path, case: str) -> None:
    """Bit for bit, from the encoder that the method's authors evaluate; the rest of the file counts as ignored."""
    source, prefix, build = RESNETS[case]
    weights, other = encoders('resnet')
    backbone = resnet()
    report = load_ssl_backbone(backbone, save(build(weights, other), tmp_path))
    assert_holds(backbone, weights)
    assert (report.source, report.prefix, report.missing, report.initialised) == (source, prefix, [], [])
    assert report.matched == list(weights)
    assert str(report).startswith(f'{source}: {len(weights)} tensors loaded (')


@pytest.mark.parametrize('case', NUMBERED)
def test_numbered_children(tmp_path: Path, case: str) -> None:
    """``nn.Sequential`` of a ResNet's children: the numbers become names; the outputs are torchvision's."""
    source, prefix, build = NUMBERED[case]
    backbone = resnet()
    report = load_ssl_backbone(backbone, save(build(*encoders('numbered')), tmp_path))
    assert_holds(backbone, headless(torchvision_resnet()))
    assert (report.source, report.prefix, report.missing) == (source, prefix, [])
    assert_same_outputs(backbone, torchvision_resnet())


def test_numbered_children_of_a_small_stem(tmp_path: Path) -> None:
    """Without pooling the stages have other numbers; a 3x3 stem is ResNet_CIFAR's."""
    model = torchvision_resnet()
    model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    backbone = resnet(kind=ResNet_CIFAR)
    load_ssl_backbone(backbone, save(prefixed(numbered_without_pooling(model), 'backbone.'), tmp_path))
    assert_holds(backbone, headless(model))


@pytest.mark.parametrize('protocol', range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('depth', [18, 50])
def test_detectron2_pickle(tmp_path: Path, depth: int, protocol: int) -> None:
    """A plain pickle of NumPy arrays, in every protocol that NumPy writes arrays in."""
    model, backbone = torchvision_resnet(depth), resnet(depth)
    path = tmp_path / 'moco.pkl'
    path.write_bytes(pickle.dumps(detectron2(model), protocol=protocol))
    report = load_ssl_backbone(backbone, path)
    assert_holds(backbone, headless(model))
    assert report.source == 'MoCo for detectron2'
    assert_same_outputs(backbone, model)


@pytest.mark.parametrize('case', VITS)
def test_vit(tmp_path: Path, case: str) -> None:
    """timm's names become mmpretrain's; the tokens are those that the original computes."""
    source, prefix, build = VITS[case]
    backbone = vit()
    report = load_ssl_backbone(backbone, save(build(*encoders('vit')), tmp_path))
    assert (report.source, report.prefix, report.missing, report.initialised) == (source, prefix, [], [])
    assert report.matched == list(backbone.state_dict())
    assert_same_outputs(backbone, timm_vit(), size=8)


def test_torchvision_vit(tmp_path: Path) -> None:
    """Its class token and classifier's input are the first of the tokens."""
    model, backbone = torchvision_vit(), vit()
    report = load_ssl_backbone(backbone, save(model.state_dict(), tmp_path))
    assert report.source == 'torchvision'
    assert 'its classifier heads.head.weight of 1000 outputs is ignored' in report.notes
    model.heads = nn.Identity()
    images = torch.randn(2, 3, 8, 8)
    backbone.eval()
    with torch.no_grad():
        torch.testing.assert_close(backbone(images)[-1][:, 0], model(images), rtol=1e-4, atol=1e-4)


def test_mmseg_vit(tmp_path: Path) -> None:
    """The same file fills mmseg's ViT, whose attention has PyTorch's names; and back again."""
    from mmseg.models.backbones import VisionTransformer as SegmentationViT

    original = timm_vit()
    backbone = SegmentationViT(
        img_size=8, patch_size=4, embed_dims=8, num_layers=2, num_heads=2, mlp_ratio=2, patch_bias=True, final_norm=True
    )
    report = load_ssl_backbone(backbone, save(original.state_dict(), tmp_path))
    assert report.matched == list(backbone.state_dict())
    images = torch.randn(2, 3, 8, 8)
    backbone.eval()
    with torch.no_grad():
        expected = original(images)[:, 1:].transpose(1, 2).unflatten(-1, (2, 2))
        torch.testing.assert_close(backbone(images)[-1], expected, rtol=1e-4, atol=1e-4)
    again = vit()
    load_ssl_backbone(again, save(prefixed(backbone.state_dict(), 'backbone.'), tmp_path))
    assert_same_outputs(again, original, size=8)


def as_mmpretrain(weights: dict[str, Tensor], table: Tensor | None = None) -> dict[str, Tensor]:
    """BEiT's names in mmpretrain, by replacing pieces one after the other."""
    pieces = (
        ('patch_embed.proj.', 'patch_embed.projection.'), ('blocks.', 'layers.'), ('.norm1.', '.ln1.'),
        ('.norm2.', '.ln2.'), ('mlp.fc1', 'ffn.layers.0.0'), ('mlp.fc2', 'ffn.layers.1'), ('fc_norm', 'ln2'),
    )  # fmt: skip
    renamed = {}
    for name, value in weights.items():
        for old, new in pieces:
            name = name.replace(old, new)
        renamed[name] = value
    if table is not None:
        renamed |= {f'layers.{layer}.attn.relative_position_bias_table': table for layer in range(2)}
    return renamed


@pytest.mark.parametrize('case', BEIT)
def test_beit(tmp_path: Path, case: str) -> None:
    """The shared table goes to every layer; the norm of averaged features, in no pre-training, is the identity."""
    weights, backbone = BEIT[case], beit()
    indices = {n: v.clone() for n, v in backbone.state_dict().items() if n.endswith('index')}
    nn.init.constant_(backbone.ln2.weight, 5)
    nn.init.constant_(backbone.ln2.bias, 5)
    report = load_ssl_backbone(backbone, save({'model': weights}, tmp_path))
    expected = as_mmpretrain(weights, weights['rel_pos_bias.relative_position_bias_table'])
    expected |= indices | {'ln2.weight': torch.ones(8), 'ln2.bias': torch.zeros(8)}
    assert_holds(backbone, {name: expected[name] for name in backbone.state_dict()})
    assert report.source == case
    assert report.initialised == ['ln2.weight', 'ln2.bias']
    assert 'ln2.weight, ln2.bias set to the identity' in str(report)
    assert {'lm_head.weight', 'mask_token', 'norm.weight'} <= set(report.ignored)


def test_beit_with_one_table(tmp_path: Path) -> None:
    backbone = beit(use_rel_pos_bias=False, use_shared_rel_pos_bias=True, final_norm=True, out_type='raw')
    weights = beit_weights(shared=True)
    report = load_ssl_backbone(backbone, save({'model': weights}, tmp_path))
    table = backbone.rel_pos_bias.relative_position_bias_table
    assert torch.equal(table, weights['rel_pos_bias.relative_position_bias_table'])
    assert report.initialised == []


def test_beit_after_fine_tuning(tmp_path: Path) -> None:
    """Each block has its table, and ``fc_norm`` is the norm of the averaged features."""
    weights, backbone = beit_weights(shared=False), beit()
    report = load_ssl_backbone(backbone, save({'model': weights}, tmp_path))
    expected = as_mmpretrain(weights)
    loaded = {name: value for name, value in backbone.state_dict().items() if not name.endswith('index')}
    assert_holds_all(loaded, expected)
    assert report.initialised == []


def assert_holds_all(state: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert [name for name, value in state.items() if not torch.equal(value, expected[name])] == []


def test_mae_for_averaged_features(tmp_path: Path) -> None:
    """As mmpretrain fine-tunes MAE: the last norm of the file goes nowhere, the new one is the identity."""
    backbone = VisionTransformer(arch=ARCH, img_size=8, patch_size=4, out_type='avg_featmap', final_norm=False)
    report = load_ssl_backbone(backbone, save({'model': timm_vit().state_dict()}, tmp_path))
    assert report.initialised == ['ln2.weight', 'ln2.bias']
    assert report.ignored == ['norm.weight', 'norm.bias']
    assert torch.equal(backbone.ln2.weight, torch.ones(8))


def test_layer_scale(tmp_path: Path) -> None:
    """DINOv2's and DeiT-III's ``ls1`` and ``ls2``."""
    weights = timm_vit().state_dict() | {f'blocks.{i}.ls{j}.gamma': torch.rand(8) for i in (0, 1) for j in (1, 2)}
    backbone = vit(layer_scale_init_value=0.1)
    report = load_ssl_backbone(backbone, save(weights, tmp_path))
    assert report.matched == list(backbone.state_dict())
    assert torch.equal(backbone.layers[1].ffn.gamma2.weight, weights['blocks.1.ls2.gamma'])


@pytest.mark.parametrize('size', [8, 16])
@pytest.mark.parametrize('cls_token', [True, False])
def test_position_embeddings_of_another_size(tmp_path: Path, size: int, cls_token: bool) -> None:
    """Interpolated over the grid of patches, the class token's left alone; said in the report only if it was done."""
    original = timm_vit(size=16)
    options = {} if cls_token else {'with_cls_token': False}
    backbone = VisionTransformer(arch=ARCH, img_size=size, patch_size=4, out_type='featmap', **options)
    report = load_ssl_backbone(backbone, save({'model': original.state_dict()}, tmp_path))
    grid = original.pos_embed[:, 1:].unflatten(1, (4, 4)).permute(0, 3, 1, 2)
    expected = nn.functional.interpolate(grid, (size // 4,) * 2, mode='bicubic').flatten(2).transpose(1, 2)
    torch.testing.assert_close(backbone.pos_embed[:, -expected.shape[1] :], expected)
    assert backbone.pos_embed.shape[1] == (size // 4) ** 2 + cls_token
    if cls_token:
        assert torch.equal(backbone.pos_embed[:, 0], original.pos_embed[:, 0])
    resized = f'pos_embed resized from 17 to {backbone.pos_embed.shape[1]} positions' in str(report)
    assert resized == (backbone.pos_embed.shape[1] != 17)
