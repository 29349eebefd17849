"""Res5ExtraNorm: the last stage of a ResNet, filled from a self-supervised file, and a norm that is not in it."""

from pathlib import Path

import pytest
import torch
import torchvision
from mmengine.registry import DefaultScope
from torch import nn

from cft.apis import load_config
from cft.apis.completion.completion import replace_sync_batch_norm
from cft.engine.starting_checkpoint import start_from
from cft.errors import ConfigError
from cft.models.detection import Res5ExtraNorm
from cft.registry import MODELS

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'


def build(depth: int = 18, **settings: object) -> Res5ExtraNorm:
    return MODELS.build({'type': 'cft.Res5ExtraNorm', 'depth': depth, 'stage': 3, 'stride': 2, **settings})


@pytest.fixture(scope='module')
def resnet() -> nn.Module:
    """A ResNet-18 with torchvision's names and running statistics of its own."""
    torch.manual_seed(11)
    model = torchvision.models.resnet18()
    model.train()(torch.randn(4, 3, 32, 32))
    return model


@pytest.mark.parametrize(('depth', 'width'), [(18, 512), (50, 2048)])
def test_shape_and_normalisation(depth: int, width: int) -> None:
    """Half the size, twice the channels, and in training mean 0 and variance 1, whatever the input's scale."""
    layer = build(depth, norm_eval=False).train()
    output = layer(1000 * torch.randn(4, width // 2, 14, 14))
    assert output.shape == (4, width, 7, 7)
    torch.testing.assert_close(output.mean(dim=(0, 2, 3)), torch.zeros(width), atol=1e-3, rtol=0)
    torch.testing.assert_close(output.var(dim=(0, 2, 3), unbiased=False), torch.ones(width), atol=1e-2, rtol=0)


def test_empty_input() -> None:
    """No region in a batch of inference."""
    assert build().eval()(torch.zeros(0, 256, 14, 14)).shape == (0, 512, 7, 7)


@pytest.mark.parametrize('prefix', ['', 'module.encoder_q.', 'backbone.'])
def test_stage_comes_from_the_file(prefix: str, resnet: nn.Module, tmp_path: Path) -> None:
    """All of layer4, bit for bit; the norm stays as it is made; what it computes is torchvision's layer4."""
    file = tmp_path / 'resnet.pth'
    torch.save({'state_dict': {prefix + name: tensor for name, tensor in resnet.state_dict().items()}}, file)
    layer = build(init_cfg={'type': 'SSLPretrained', 'checkpoint': str(file)})
    layer.init_weights()
    assert torch.equal(layer.norm.weight, torch.ones(512))
    assert torch.equal(layer.norm.bias, torch.zeros(512))
    assert torch.equal(layer.norm.running_mean, torch.zeros(512))
    loaded = layer.res5.state_dict()
    expected = {f'layer4.{name}': tensor for name, tensor in resnet.layer4.state_dict().items()}
    assert set(loaded) == set(expected)
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
    features = torch.randn(2, 256, 14, 14)
    layer.eval()
    resnet.eval()
    with torch.no_grad():
        torch.testing.assert_close(layer.res5(features), resnet.layer4(features))


def test_file_of_another_depth(resnet: nn.Module, tmp_path: Path) -> None:
    file = tmp_path / 'resnet.pth'
    torch.save(resnet.state_dict(), file)
    layer = build(34, init_cfg={'type': 'SSLPretrained', 'checkpoint': str(file)})
    with pytest.raises(ConfigError, match=r'resnet\.pth'):
        layer.init_weights()


def test_a_start_from_a_file_fills_backbone_and_shared_head(tmp_path: Path) -> None:
    """What ``checkpoint=FILE`` does to a C4 detector: every stage is the file's, the last one in the shared head."""
    file, resnet = tmp_path / 'resnet.pth', torchvision.models.resnet50()
    torch.save(resnet.state_dict(), file)
    cfg = load_config(CONFIGS / '_base_' / 'models' / 'r50_faster_rcnn_c4.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        replace_sync_batch_norm(cfg)
        model = MODELS.build(cfg.model)
    start_from(model, str(file))
    model.init_weights()
    expected = resnet.state_dict()
    stages = {**model.backbone.state_dict(), **model.roi_head.shared_head.res5.state_dict()}
    assert {name.split('.')[0] for name in stages} >= {'layer1', 'layer2', 'layer3', 'layer4'}
    for name, value in stages.items():
        assert torch.equal(value, expected[name]), name
