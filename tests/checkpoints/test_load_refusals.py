"""load_ssl_backbone: files of other networks are refused, and the backbone stays as it was."""

from pathlib import Path

import pytest
import torch
from narrow_backbones import assert_holds, load, prefixed, random_weights, resnet, vit

from cft.checkpoints import load_ssl_backbone
from cft.errors import ConfigError

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


def test_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r'no checkpoint nowhere\.pth'):
        load_ssl_backbone(resnet(), 'nowhere.pth')
