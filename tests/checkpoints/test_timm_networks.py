"""timm's networks filled with timm's own files: under prefixes, at other image sizes, without their last layers."""

from importlib import import_module
from pathlib import Path

import pytest
import timm
import torch
from torch import nn

from cft.checkpoints import convert_checkpoint, load_ssl_backbone, read_state_dict
from cft.errors import ConfigError
from cft.models.backbones import TimmBackbone
from tests.checkpoints.narrow_backbones import prefixed, random_weights
from tests.models.backbones.networks import ALL

OWN = {name: options for name, options in ALL.items() if options}
SIZES = {
    'vit_tiny_patch16_224': (64, 96), 'vit_small_patch14_reg4_dinov2': (70, 42), 'eva02_tiny_patch14_224': (56, 70),
    'vit_base_patch16_siglip_224': (64, 48), 'beit_base_patch16_224': (64, 96),
    'swin_tiny_patch4_window7_224': (128, 256),
}  # fmt: skip


def save(tmp_path: Path, content: dict) -> Path:
    torch.save({'state_dict': content}, tmp_path / 'file.pth')
    return tmp_path / 'file.pth'


@pytest.mark.parametrize('prefix', ['', 'module.encoder_q.', 'backbone.network.'])
@pytest.mark.parametrize('name', OWN)
def test_own_names_under_a_prefix(tmp_path: Path, name: str, prefix: str) -> None:
    """A classifier in the file counts as ignored; every tensor arrives bit for bit."""
    weights = random_weights(timm.create_model(name, num_classes=7, **OWN[name]))
    model = TimmBackbone(name, **OWN[name])
    report = load_ssl_backbone(model, save(tmp_path, prefixed(weights, prefix)))
    state = model.network.state_dict()
    assert [key for key, value in state.items() if not torch.equal(value, weights[key])] == []
    assert (report.prefix, report.matched, report.missing) == (prefix, list(state), [])
    assert all('head' in key for key in report.ignored)
    assert len(report.ignored) == 2


@pytest.mark.parametrize('name', SIZES)
def test_another_image_size_as_timm_interpolates(tmp_path: Path, name: str) -> None:
    """Positions of a table, relative ones, or none; the report says so."""
    options = {'embed_dim': 32, 'depth': 2, 'num_heads': 2} if name not in OWN else dict(OWN[name])
    options.pop('window_size', None)
    old, new = SIZES[name]
    source = timm.create_model(name, num_classes=0, img_size=old, **options)
    model = timm.create_model(name, num_classes=0, img_size=new, **options)
    weights = random_weights(source)
    module = import_module(type(model).__module__)
    expected = module.checkpoint_filter_fn({key: value.clone() for key, value in weights.items()}, model)
    report = load_ssl_backbone(model, save(tmp_path, prefixed(weights, 'backbone.')))
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, expected[key], msg=key)
    tables = [key for key, value in model.state_dict().items() if value.shape != weights[key].shape]
    assert ('resized from' in str(report)) == bool(tables)
    assert all(key == 'pos_embed' or key.endswith('bias_table') for key in tables)


@pytest.mark.parametrize('name', ['vit_tiny_patch16_224', 'swin_tiny_patch4_window7_224', 'convnext_atto'])
def test_what_lies_behind_the_last_feature_map_is_left_out(tmp_path: Path, name: str) -> None:
    """On purpose, and told; a deeper file than the whole network is refused as before."""
    weights = random_weights(timm.create_model(name, num_classes=0, **OWN[name]))
    model = TimmBackbone(name, out_indices=(0, 1), **OWN[name])
    report = load_ssl_backbone(model, save(tmp_path, weights))
    state = model.network.state_dict()
    assert [key for key, value in state.items() if not torch.equal(value, weights[key])] == []
    kind = {'v': 'blocks', 's': 'layers', 'c': 'stages'}[name[0]]
    behind = [key for key in weights if key.startswith(kind) and key not in state]
    assert f'{len(behind)} tensors behind the last feature map are left out' in str(report)
    deeper = {key.replace(f'{kind}.2.', f'{kind}.9.'): value for key, value in weights.items() if f'{kind}.2.' in key}
    with pytest.raises(ConfigError, match='has no place'):
        load_ssl_backbone(model, save(tmp_path, weights | deeper))


def test_mae_for_averaged_features(tmp_path: Path) -> None:
    """timm's network that averages has ``fc_norm`` instead of ``norm``: it starts as the identity."""
    weights = random_weights(timm.create_model('vit_tiny_patch16_224', num_classes=0, **OWN['vit_tiny_patch16_224']))
    model = TimmBackbone('vit_tiny_patch16_224', global_pool='avg', **OWN['vit_tiny_patch16_224'])
    nn.init.constant_(model.network.fc_norm.weight, 5)
    report = load_ssl_backbone(model, save(tmp_path, weights))
    assert report.initialised == ['fc_norm.weight', 'fc_norm.bias']
    assert report.ignored == ['norm.weight', 'norm.bias']
    assert torch.equal(model.network.fc_norm.weight, torch.ones(32))


def test_another_patch_size_is_refused(tmp_path: Path) -> None:
    """No silent resampling of the first layer."""
    weights = random_weights(timm.create_model('vit_tiny_patch16_224', num_classes=0, **OWN['vit_tiny_patch16_224']))
    model = TimmBackbone('vit_tiny_patch16_224', patch_size=8, **OWN['vit_tiny_patch16_224'])
    with pytest.raises(ConfigError, match=r'patch_embed\.proj\.weight.*shape'):
        load_ssl_backbone(model, save(tmp_path, weights))


def test_convert_writes_the_network_of_timm(tmp_path: Path) -> None:
    """The config is found by the file; what is written fills the backbone by its names."""
    weights = random_weights(timm.create_model('convnext_atto', num_classes=0))
    convert_checkpoint(save(tmp_path, weights), tmp_path / 'out.safetensors')
    written = read_state_dict(tmp_path / 'out.safetensors')
    assert set(written) == {f'backbone.network.{name}' for name in weights}
    assert all(torch.equal(written[f'backbone.network.{name}'], value) for name, value in weights.items())
