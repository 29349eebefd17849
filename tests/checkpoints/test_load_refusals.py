"""load_ssl_backbone: files of other networks are refused, and the backbone stays as it was."""

from pathlib import Path

import pytest
import torch
from mmpretrain.models import BEiTViT
from torch import nn

from cft.checkpoints import load_ssl_backbone
from cft.errors import ConfigError
from tests.checkpoints.foreign_models import beit_weights, timm_vit
from tests.checkpoints.narrow_backbones import assert_holds, load, prefixed, random_weights, resnet, vit

PROJECTOR = {'fc.0.weight': torch.ones(3, 8), 'fc.0.bias': torch.ones(3)}

REFUSED = {
    'shallower file': (lambda: resnet(18), lambda: resnet(34), 'lacks'),
    'deeper file': (lambda: resnet(34), lambda: resnet(18), 'layer'),
    'deeper file of bottlenecks': (lambda: resnet(101), lambda: resnet(50), 'layer'),
    'deeper transformer': (lambda: vit(3), lambda: vit(2), 'layers'),
    'shallower transformer': (lambda: vit(1), lambda: vit(2), 'lacks'),
    'other blocks': (lambda: resnet(50), lambda: resnet(18), 'architecture'),
    'wider file': (
        lambda: resnet(width=4),
        lambda: resnet(width=2),
        r'conv1\.weight.* \(4, 3, 7, 7\).* \(2, 3, 7, 7\)',
    ),
    'wider transformer': (lambda: vit(width=16), lambda: vit(width=8), 'shape'),
    'convolutional file': (lambda: resnet(), lambda: vit(), 'no tensor .*another architecture'),
    'transformer file': (lambda: vit(), lambda: resnet(), 'no tensor .*another architecture'),
}


@pytest.mark.parametrize('prefix', ['', 'module.encoder_q.'])
@pytest.mark.parametrize(('source', 'target', 'message'), REFUSED.values(), ids=REFUSED)
def test_another_architecture_is_refused(tmp_path: Path, prefix: str, source: type, target: type, message: str) -> None:
    """A clear error that names the file; the backbone stays bit for bit as it was."""
    backbone = target()
    before = random_weights(backbone, seed=3)
    backbone.load_state_dict(before)
    with pytest.raises(ConfigError, match=message) as error:
        load(tmp_path, prefixed(random_weights(source()), prefix) | PROJECTOR, backbone)
    assert str(tmp_path / 'file.pth') in str(error.value)
    assert_holds(backbone, before)


@pytest.mark.parametrize(
    ('name', 'missing', 'message'),
    [
        ('conv1.weight', True, 'lacks|no tensor'),
        ('conv1.weight', False, r'conv1\.weight.*shape'),
        ('layer4.1.bn2.running_var', True, r'lacks 1 of .*layer4\.1\.bn2\.running_var'),
        ('layer4.1.bn2.running_var', False, r'layer4\.1\.bn2\.running_var.*shape'),
        ('layer2.0.bn1.num_batches_tracked', False, r'layer2\.0\.bn1\.num_batches_tracked.*shape'),
    ],
)
def test_one_wrong_tensor_is_enough(tmp_path: Path, name: str, missing: bool, message: str) -> None:
    """First, last or a counter: nothing is loaded, and the message names it."""
    weights, backbone = random_weights(resnet()), resnet()
    before = random_weights(backbone, seed=3)
    backbone.load_state_dict(before)
    wrong = weights.pop(name)
    if not missing:
        weights[name] = torch.stack([wrong, wrong])
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, weights, backbone)
    assert_holds(backbone, before)


@pytest.mark.parametrize(('source', 'target', 'message'), [
    (lambda: resnet(18), lambda: resnet(50), r'file seems to hold a ResNet-18 .*backbone is a ResNet-50'),
    (lambda: resnet(34), lambda: resnet(101), r'file seems to hold a ResNet-34 .*backbone is a ResNet-101'),
    (lambda: vit(), lambda: resnet(50), r'file seems to hold a ViT of 2 layers.*backbone is a ResNet-50'),
    (lambda: resnet(50), lambda: vit(), r'file seems to hold a ResNet-50.*backbone is a ViT of 2 layers'),
])  # fmt: skip
def test_message_names_both_architectures(tmp_path: Path, source: type, target: type, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, prefixed(random_weights(source()), 'module.encoder_q.'), target())


@pytest.mark.parametrize(('content', 'message'), [
    ({'fc.weight': torch.ones(10, 4), 'fc.bias': torch.ones(10)}, r'only a classifier or projector \(fc\.weight'),
    ({'module.head.weight': torch.ones(10, 4)}, 'only a classifier or projector'),
    ({'Transformer/encoderblock_0/LayerNorm_0/bias': torch.ones(4)}, 'TensorFlow or JAX'),
    ({'features.0.weight': torch.ones(4, 3, 3, 3)}, r"no tensor 'conv1\.weight'.*starts with \['features"),
])  # fmt: skip
def test_no_backbone_in_the_file(tmp_path: Path, content: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, content, resnet())


def test_deep_stem_is_explained(tmp_path: Path) -> None:
    """mmseg's usual backbone has another stem than the self-supervised checkpoints."""
    from mmseg.models.backbones import ResNetV1c

    with pytest.raises(ConfigError, match="deep stem of three; use type='ResNet'"):
        load(tmp_path, random_weights(resnet(18)), ResNetV1c(depth=18, stem_channels=2, base_channels=2))


def assert_refused(tmp_path: Path, weights: dict[str, torch.Tensor], backbone: nn.Module, message: str) -> None:
    before = random_weights(backbone, seed=3)
    backbone.load_state_dict(before)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, weights, backbone)
    assert_holds(backbone, before)


@pytest.mark.parametrize(
    'extra', ['blocks.0.ls1.gamma', 'blocks.1.attn.q_norm.weight', 'register_tokens', 'dist_token']
)
def test_tensor_without_a_place_is_refused(tmp_path: Path, extra: str) -> None:
    """Layer scales or register tokens left out would make another network."""
    weights = timm_vit().state_dict() | {extra: torch.ones(8)}
    assert_refused(tmp_path, weights, vit(), f"holds '{extra}', for which the backbone VisionTransformer has no place")


def test_beit_and_plain_vit_are_told_apart(tmp_path: Path) -> None:
    beit = BEiTViT(arch=vit().arch_settings, img_size=8, patch_size=4)
    assert_refused(tmp_path, beit_weights(shared=True), vit(), 'hold a BEiT of 2 layers.*is a ViT of 2 layers')
    assert_refused(tmp_path, timm_vit().state_dict(), beit, 'hold a ViT of 2 layers.*is a BEiT of 2 layers')


@pytest.mark.parametrize('shared', [True, False])
def test_relative_positions_of_another_size_are_refused(tmp_path: Path, shared: bool) -> None:
    beit = BEiTViT(arch=vit().arch_settings, img_size=16, patch_size=4)
    assert_refused(tmp_path, beit_weights(shared), beit, r'bias_table.*not interpolated: set the backbone.s img_size')


def test_beit_with_absolute_positions_is_not_cut(tmp_path: Path) -> None:
    beit = BEiTViT(arch=vit().arch_settings, img_size=8, patch_size=4)
    weights = beit_weights(shared=False) | {'pos_embed': torch.ones(1, 5, 8)}
    assert_refused(tmp_path, weights, beit, "holds 'pos_embed', for which the backbone BEiTViT has no place")


@pytest.mark.parametrize('length', [7, 4])
def test_positions_of_no_square_are_refused(tmp_path: Path, length: int) -> None:
    weights = timm_vit().state_dict() | {'pos_embed': torch.ones(1, length, 8)}
    assert_refused(tmp_path, weights, vit(), 'position embeddings of the file are no square')


def test_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r'no checkpoint nowhere\.pth'):
        load_ssl_backbone(resnet(), 'nowhere.pth')
