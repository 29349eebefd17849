"""SSLPretrained in an ``init_cfg``: after init_weights() the backbone holds the file's tensors and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from torch import Tensor, nn

from cft.errors import ConfigError

RESNET = {'type': 'ResNet', 'depth': 18, 'zero_init_residual': True}
SMALL_RESNET = RESNET | {'stem_channels': 4, 'base_channels': 4}
ARCH = {'embed_dims': 8, 'num_layers': 2, 'num_heads': 2, 'feedforward_channels': 16}
VIT = {'type': 'VisionTransformer', 'arch': ARCH, 'img_size': 8, 'patch_size': 4}
HEAD = {'type': 'cft.ContrastiveClsHead', 'num_classes': 3, 'in_channels': 8}


def build(config: dict) -> nn.Module:
    """Built as the runner does, in mmpretrain's scope."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(config)


def initialise(model: nn.Module) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model.init_weights()
    return model


@pytest.fixture(scope='module')
def file_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict], tuple[Path, dict[str, Tensor]]]:
    """Writes a checkpoint of random tensors for a backbone, as MoCo would; each only once."""
    written: dict[str, tuple[Path, dict[str, Tensor]]] = {}

    def write(config: dict) -> tuple[Path, dict[str, Tensor]]:
        key = str(config)
        if key not in written:
            state = build(dict(config)).state_dict()
            weights = {n: torch.randn_like(v) if v.is_floating_point() else v + 9 for n, v in state.items()}
            path = tmp_path_factory.mktemp('checkpoint') / 'moco.pth'
            torch.save({'state_dict': {f'module.encoder_q.{n}': v for n, v in weights.items()}}, path)
            written[key] = path, weights
        return written[key]

    return write


def assert_holds(backbone: nn.Module, weights: dict[str, Tensor]) -> None:
    state = backbone.state_dict()
    assert list(state) == list(weights)
    assert [name for name, value in weights.items() if not torch.equal(state[name], value)] == []


@pytest.mark.parametrize('config', [RESNET, SMALL_RESNET, VIT], ids=['ResNet-18', 'narrow ResNet', 'ViT'])
def test_backbone_alone(file_of: Callable, config: dict) -> None:
    """No zeroed last BatchNorm, no new position embedding; a second call changes nothing."""
    path, weights = file_of(config)
    backbone = build(config | {'init_cfg': {'type': 'SSLPretrained', 'checkpoint': str(path)}})
    for _ in range(2):
        assert_holds(initialise(backbone), weights)


@pytest.mark.parametrize('config', [SMALL_RESNET, VIT], ids=['ResNet', 'ViT'])
def test_backbone_of_a_classifier(file_of: Callable, config: dict) -> None:
    """The rest of the model is initialised as usual: the classifier is drawn anew, with its bias zero."""
    path, weights = file_of(config)
    backbone = config | {'init_cfg': {'type': 'SSLPretrained', 'checkpoint': str(path)}}
    head = HEAD | {'in_channels': 32 if config is SMALL_RESNET else 8}
    neck = {'type': 'GlobalAveragePooling'} if config is SMALL_RESNET else None
    model = build({'type': 'cft.FineTuneClassifier', 'backbone': backbone, 'neck': neck, 'head': head})
    drawn = model.head.fc.weight.clone()
    assert_holds(initialise(model).backbone, weights)
    assert not torch.equal(model.head.fc.weight, drawn)
    assert not model.head.fc.bias.any()


def test_backbone_of_momentum_contrast(file_of: Callable) -> None:
    """Pre-training that starts from a checkpoint: both encoders hold it."""
    path, weights = file_of(SMALL_RESNET)
    backbone = SMALL_RESNET | {'init_cfg': {'type': 'SSLPretrained', 'checkpoint': str(path)}}
    neck = {'type': 'MoCoV2Neck', 'in_channels': 32, 'hid_channels': 8, 'out_channels': 8, 'with_avg_pool': True}
    config = {'type': 'cft.MoCoV2', 'backbone': backbone, 'neck': neck, 'queue_length': 4, 'feat_channels': 8}
    model = initialise(build(config))
    assert_holds(model.backbone, weights)
    assert_holds(model.target_backbone, weights)


def test_without_the_checkpoint_the_residuals_are_zeroed(file_of: Callable) -> None:
    """The initialisation that would overwrite the file is really there."""
    backbone = initialise(build(dict(SMALL_RESNET)))
    assert not backbone.layer1[0].bn2.weight.any()
    assert file_of(SMALL_RESNET)[1]['layer1.0.bn2.weight'].any()


@pytest.mark.parametrize('config', [SMALL_RESNET | {'depth': 34}, VIT], ids=['depth', 'architecture'])
def test_a_file_that_does_not_fit_stops_the_run(file_of: Callable, config: dict) -> None:
    """Never a warning and random weights."""
    path, _ = file_of(SMALL_RESNET)
    backbone = build(config | {'init_cfg': {'type': 'SSLPretrained', 'checkpoint': str(path)}})
    with pytest.raises(ConfigError, match='architecture'):
        initialise(backbone)


def test_missing_file_stops_the_run() -> None:
    backbone = build(SMALL_RESNET | {'init_cfg': {'type': 'SSLPretrained', 'checkpoint': 'nowhere.pth'}})
    with pytest.raises(ConfigError, match=r'no checkpoint nowhere\.pth'):
        initialise(backbone)
