"""load_ssl_backbone: under which prefixes it finds a backbone, and what it refuses."""

from pathlib import Path

import pytest
import torch
from mmpretrain.models import ResNet, VisionTransformer
from torch import Tensor, nn

from cft.checkpoints import LoadReport, load_ssl_backbone
from cft.errors import ConfigError

PROJECTOR = {'fc.0.weight': torch.ones(3, 8), 'fc.0.bias': torch.ones(3)}


def resnet(depth: int = 18, width: int = 2, **options: object) -> ResNet:
    """A narrow network with the names of the usual one."""
    return ResNet(depth=depth, stem_channels=width, base_channels=width, **options)


def vit(layers: int = 2, width: int = 8) -> VisionTransformer:
    arch = {'embed_dims': width, 'num_layers': layers, 'num_heads': 2, 'feedforward_channels': 16}
    return VisionTransformer(arch=arch, img_size=8, patch_size=4)


def random_weights(module: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """A state dict of normal numbers, so that no tensor is what any initialisation gives."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=generator) if value.is_floating_point() else torch.full_like(value, 9)
        for name, value in module.state_dict().items()
    }


def prefixed(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in weights.items()}


def assert_holds(module: nn.Module, weights: dict[str, Tensor]) -> None:
    state = module.state_dict()
    assert list(state) == list(weights)
    for name, value in weights.items():
        assert torch.equal(state[name], value), name


def load(tmp_path: Path, content: dict[str, Tensor], backbone: nn.Module) -> LoadReport:
    torch.save({'epoch': 1, 'state_dict': content}, tmp_path / 'file.pth')
    return load_ssl_backbone(backbone, tmp_path / 'file.pth')


@pytest.mark.parametrize('make', [resnet, vit])
@pytest.mark.parametrize('prefix', ['', 'backbone.', 'module.encoder_q.', 'encoder.', 'module.', 'a.b.c.'])
def test_prefix_is_found(tmp_path: Path, prefix: str, make: type) -> None:
    """All tensors are loaded, and the report names what was used and what was not."""
    weights, backbone = random_weights(make()), make()
    report = load(tmp_path, prefixed(PROJECTOR, prefix) | prefixed(weights, prefix) | {'queue': torch.ones(2)}, backbone)
    assert_holds(backbone, weights)
    ignored = [prefix + 'fc.0.weight', prefix + 'fc.0.bias', 'queue']
    assert report == LoadReport(source=prefix, matched=list(weights), missing=[], ignored=ignored)
    assert str(report).startswith(f'{len(weights)} tensors loaded')
    assert (prefix or 'no prefix') in str(report)
    assert str(report).endswith('3 others in the file ignored')


@pytest.mark.parametrize(
    ('online', 'momentum'),
    [
        ('module.encoder_q.', 'module.encoder_k.'),
        ('backbone.', 'target_backbone.'),
        ('backbone.', 'momentum_encoder.module.0.'),
        ('backbone.', 'backbone_momentum.'),
        ('module.base_encoder.', 'module.momentum_encoder.'),
        ('online_encoder.net.', 'target_encoder.net.'),
        ('student.', 'ema.'),
    ],
)
@pytest.mark.parametrize('online_first', [True, False])
def test_online_encoder_is_preferred(tmp_path: Path, online: str, momentum: str, online_first: bool) -> None:
    """Whatever the order in the file; the moving average counts as ignored."""
    weights, average, backbone = random_weights(resnet()), random_weights(resnet(), seed=1), resnet()
    parts = [prefixed(weights, online), prefixed(average, momentum)]
    content = parts[0] | parts[1] if online_first else parts[1] | parts[0]
    report = load(tmp_path, content, backbone)
    assert_holds(backbone, weights)
    assert report.source == online
    assert report.ignored == list(parts[1])


def test_momentum_encoder_is_taken_if_there_is_no_other(tmp_path: Path) -> None:
    """An online encoder of another kind, or cut off, does not stand in its way."""
    weights, backbone = random_weights(resnet()), resnet()
    online = {'module.encoder_q.conv1.weight': torch.ones(2, 3, 7, 7)}
    assert load(tmp_path, online | prefixed(weights, 'module.encoder_k.'), backbone).source == 'module.encoder_k.'
    assert_holds(backbone, weights)


@pytest.mark.parametrize('prefix', ['', 'module.'])
def test_batch_counters_may_be_missing(tmp_path: Path, prefix: str) -> None:
    """Files of old PyTorch versions have none: they start at 0 and are reported."""
    weights, backbone = random_weights(resnet()), resnet()
    counters = [name for name in weights if name.endswith('num_batches_tracked')]
    content = prefixed({name: value for name, value in weights.items() if name not in counters}, prefix)
    nn.init.constant_(backbone.bn1.num_batches_tracked, 5)
    report = load(tmp_path, content, backbone)
    assert_holds(backbone, weights | {name: torch.tensor(0) for name in counters})
    assert report.missing == counters
    assert report.matched == [name for name in weights if name not in counters]


def test_other_norm_layers_share_the_names(tmp_path: Path) -> None:
    """A file trained with BatchNorm fills SplitBN, and types follow the backbone's."""
    weights = random_weights(resnet())
    backbone = resnet(norm_cfg={'type': 'cft.SplitBN', 'num_splits': 2})
    load(tmp_path, {name: value.double() for name, value in weights.items()}, backbone)
    assert_holds(backbone, weights)
    assert backbone.conv1.weight.dtype == torch.float32


REFUSED = {
    'shallower file': (lambda: resnet(18), lambda: resnet(34), 'lacks'),
    'deeper file': (lambda: resnet(34), lambda: resnet(18), 'layer'),
    'deeper file of bottlenecks': (lambda: resnet(101), lambda: resnet(50), 'layer'),
    'deeper transformer': (lambda: vit(3), lambda: vit(2), 'layers'),
    'shallower transformer': (lambda: vit(1), lambda: vit(2), 'lacks'),
    'other blocks': (lambda: resnet(50), lambda: resnet(18), 'architecture'),
    'wider file': (lambda: resnet(width=4), lambda: resnet(width=2), r'conv1\.weight.* \(4, 3, 7, 7\).* \(2, 3, 7, 7\)'),
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


def test_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r'no checkpoint nowhere\.pth'):
        load_ssl_backbone(resnet(), 'nowhere.pth')
