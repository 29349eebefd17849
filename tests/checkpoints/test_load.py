"""load_ssl_backbone: under which prefixes it finds a backbone, and what it reports."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cft.checkpoints import load_ssl_backbone
from cft.errors import ConfigError
from tests.checkpoints.narrow_backbones import assert_holds, load, prefixed, random_weights, resnet, vit

PROJECTOR = {'fc.0.weight': torch.ones(3, 8), 'fc.0.bias': torch.ones(3)}


@pytest.mark.parametrize('make', [resnet, vit])
@pytest.mark.parametrize('prefix', ['', 'backbone.', 'module.encoder_q.', 'encoder.', 'module.', 'a.b.c.'])
def test_prefix_is_found(tmp_path: Path, prefix: str, make: type) -> None:
    """All tensors are loaded, and the report names what was used and what was not."""
    weights, backbone = random_weights(make()), make()
    content = prefixed(PROJECTOR, prefix) | prefixed(weights, prefix) | {'queue': torch.ones(2)}
    report = load(tmp_path, content, backbone)
    assert_holds(backbone, weights)
    ignored = [prefix + 'fc.0.weight', prefix + 'fc.0.bias', 'queue']
    assert (report.prefix, report.matched, report.missing, report.ignored) == (prefix, list(weights), [], ignored)
    assert f': {len(weights)} tensors loaded' in str(report)
    assert (f'prefix {prefix!r}' if prefix else 'no prefix') in str(report)
    assert '0 missing, 3 ignored' in str(report)


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
    assert report.prefix == online
    assert report.ignored == list(parts[1])


def test_momentum_encoder_is_taken_if_there_is_no_other(tmp_path: Path) -> None:
    """An online encoder of another kind, or cut off, does not stand in its way."""
    weights, backbone = random_weights(resnet()), resnet()
    online = {'module.encoder_q.conv1.weight': torch.ones(2, 3, 7, 7)}
    assert load(tmp_path, online | prefixed(weights, 'module.encoder_k.'), backbone).prefix == 'module.encoder_k.'
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


def test_plain_file_fills_both_sides_of_auxiliary_norms(tmp_path: Path) -> None:
    """The clean and the adversarial statistics start alike."""
    weights, backbone = random_weights(resnet()), resnet(norm_cfg={'type': 'cft.AuxBN'})
    report = load(tmp_path, prefixed(weights, 'module.encoder_q.'), backbone)
    state = backbone.state_dict()
    assert len(state) > len(weights)
    for name, value in state.items():
        assert torch.equal(value, weights[name.replace('auxiliary.', '')]), name
    assert report.missing == []


def test_file_with_auxiliary_norms(tmp_path: Path) -> None:
    """It fills a backbone that has them, each side with its own; for a plain one they are ignored."""
    weights = random_weights(resnet(norm_cfg={'type': 'cft.AuxBN'}))
    auxiliary = [name for name in weights if '.auxiliary.' in name]
    assert len(auxiliary) == 100
    backbone = resnet(norm_cfg={'type': 'cft.AuxBN'})
    assert load(tmp_path, prefixed(weights, 'backbone.'), backbone).ignored == []
    assert_holds(backbone, weights)
    plain = resnet()
    report = load(tmp_path, prefixed(weights, 'backbone.'), plain)
    assert_holds(plain, {name: value for name, value in weights.items() if name not in auxiliary})
    assert report.ignored == [f'backbone.{name}' for name in auxiliary]


def test_one_missing_auxiliary_norm_is_refused(tmp_path: Path) -> None:
    weights, backbone = random_weights(resnet(norm_cfg={'type': 'cft.AuxBN'})), resnet(norm_cfg={'type': 'cft.AuxBN'})
    del weights['layer4.1.bn2.auxiliary.weight']
    with pytest.raises(ConfigError, match=r'lacks 1 of .*layer4\.1\.bn2\.auxiliary\.weight'):
        load(tmp_path, weights, backbone)


def test_classifier_is_mentioned(tmp_path: Path) -> None:
    """A supervised file is welcome, but named as such; the ``fc`` of MoCo is a projector."""
    weights = random_weights(resnet())
    supervised = load(tmp_path, weights | {'fc.weight': torch.ones(1000, 16), 'fc.bias': torch.ones(1000)}, resnet())
    assert supervised.notes == ['its classifier fc.weight of 1000 outputs is ignored']
    content = prefixed(weights | {'fc.weight': torch.ones(128, 16)}, 'module.encoder_q.')
    assert 'classifier' not in str(load(tmp_path, content, resnet()))


def test_further_networks_are_mentioned(tmp_path: Path) -> None:
    weights, other, backbone = random_weights(resnet()), random_weights(resnet(), seed=1), resnet()
    torch.save({'student': other, 'teacher': prefixed(weights, 'backbone.'), 'optimizer': {}}, tmp_path / 'dino.pth')
    report = load_ssl_backbone(backbone, tmp_path / 'dino.pth')
    assert_holds(backbone, weights)
    assert report.notes == ['taken: the teacher; the file also holds student']


def test_a_network_cut_off_on_purpose(tmp_path: Path) -> None:
    """Three of four stages, as a config may ask for: the fourth of the file is ignored."""
    weights, backbone = (
        random_weights(resnet()),
        resnet(num_stages=3, out_indices=(2,), strides=(1, 2, 2), dilations=(1, 1, 1)),
    )
    report = load(tmp_path, weights, backbone)
    fourth = [name for name in weights if name.startswith('layer4')]
    assert report.ignored == fourth
    assert_holds(backbone, {name: value for name, value in weights.items() if name not in fourth})
