"""Pooled features against timm's own way to its classifier."""

import pytest
import torch
from torch.nn.functional import pad

from cft.errors import ConfigError
from tests.models.backbones.networks import ALL, PLAIN, backbone, images, timm_network


@torch.no_grad()
@pytest.mark.parametrize('name', ALL)
def test_features_are_what_timms_classifier_gets(name: str) -> None:
    made = backbone(name)
    batch = images(64, 64)
    network = timm_network(made, num_classes=7, **({'dynamic_img_size': True} if name in PLAIN else {}),
                           **({'strict_img_size': False} if name.startswith('swin') else {}))  # fmt: skip
    if name in PLAIN and made.network.patch_embed.patch_size[0] == 14:
        batch = images(70, 56)

    (features,) = made(batch)

    expected = network.forward_head(network.forward_features(batch), pre_logits=True)
    assert features.shape == (2, *made.out_channels) == (2, made.embed_dims)
    assert features.std(dim=0).mean() > 0
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)
    # The classifier lies behind them.
    torch.testing.assert_close(network.get_classifier()(features), network(batch), rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('name', ['vit_tiny_patch16_224', 'vit_small_patch16_dinov3', 'beit_base_patch16_224'])
def test_token_or_average_by_hand(name: str) -> None:
    options = {'embed_dim': 32, 'depth': 2, 'num_heads': 2, 'img_size': 64}
    made = {pool: backbone(name, global_pool=pool, **options) for pool in ('token', 'avg')}
    for pool, network in made.items():
        tokens = {}
        network.network.blocks[-1].register_forward_hook(lambda *call, tokens=tokens: tokens.update(last=call[2]))
        (features,) = network(images())
        inner = network.network
        rows = tokens['last'] if pool == 'avg' else tokens['last'][:, :1]
        rows = rows[:, inner.num_prefix_tokens :] if pool == 'avg' else rows
        torch.testing.assert_close(features, inner.fc_norm(inner.norm(rows).mean(dim=1)), rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('name', ['vit_tiny_patch16_224', 'eva02_tiny_patch14_224', 'swin_tiny_patch4_window7_224'])
def test_sizes_that_patches_do_not_divide_are_padded_at_the_bottom_and_the_right(name: str) -> None:
    made = backbone(name)
    patch = made.network.patch_embed.patch_size[0]
    batch = images(61, 75)
    padded = pad(batch, (0, -75 % patch, 0, -61 % patch))
    torch.testing.assert_close(made(batch), made(padded))
    assert not torch.allclose(made(batch)[0], made(batch[..., : 61 // patch * patch, : 75 // patch * patch])[0])


@torch.no_grad()
def test_positions_are_interpolated_as_timm_fits_a_network_to_an_image_size() -> None:
    made = backbone('vit_tiny_patch16_224')
    fitted = timm_network(made, num_classes=0)
    fitted.set_input_size((96, 48))
    torch.testing.assert_close(made(images(96, 48))[0], fitted(images(96, 48)), rtol=1e-4, atol=1e-5)


def test_a_network_bound_to_a_size_says_so() -> None:
    options = {'embed_dim': 32, 'depth': 2, 'num_heads': 2}
    with pytest.raises(ConfigError, match=r'^beit_base.* of 64 x 48: .*64.*224.*; give it img_size=\(64, 48\)$'):
        backbone('beit_base_patch16_224', **options)(images(64, 48))
    assert backbone('beit_base_patch16_224', img_size=(64, 48), **options)(images(64, 48))[0].shape == (2, 32)


def test_views_of_several_sizes_and_other_channels() -> None:
    made = backbone('vit_small_patch16_dinov3', in_chans=1)
    assert [made(images(size, size)[:, :1])[0].shape for size in (32, 96)] == [(2, 32)] * 2


def test_initialisation_by_mmengine_leaves_timms_weights() -> None:
    made = backbone('vit_tiny_patch16_224')
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    made.init_weights()
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.state_dict().items())
