"""Feature maps against what the modules of timm's whole network give."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cft.errors import ConfigError
from tests.models.backbones.networks import ALL, PLAIN, STAGED, backbone, images, timm_network


def outputs_of(network: nn.Module, names: list[str], batch: Tensor) -> list[Tensor]:
    """What some modules of a network give."""
    seen = {}
    for name in names:
        network.get_submodule(name).register_forward_hook(lambda *call, name=name: seen.update({name: call[2]}))
    network(batch)
    return [seen[name] for name in names]


@torch.no_grad()
@pytest.mark.parametrize('name', PLAIN)
def test_maps_of_a_plain_vit_are_the_tokens_in_the_place_of_their_patches(name: str) -> None:
    made = backbone(name, (0, 2))
    patch = made.strides[0]
    batch = images(4 * patch, 3 * patch)
    inner = timm_network(made, num_classes=5, dynamic_img_size=True)
    blocks = outputs_of(inner, ['blocks.0', 'blocks.2'], batch)

    maps = made(batch)

    assert made.strides == (patch, patch)
    assert made.out_channels == (32, 32)
    assert made.embed_dims == 32
    for found, tokens in zip(maps, blocks, strict=True):
        assert found.shape == (2, 32, 4, 3)
        normed = inner.norm(tokens)[:, inner.num_prefix_tokens :]
        for row in range(4):
            for column in range(3):
                torch.testing.assert_close(found[:, :, row, column], normed[:, row * 3 + column], rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('name', STAGED)
def test_maps_of_stages(name: str) -> None:
    made = backbone(name, (-4, -3, -2))
    swin = {'strict_img_size': False, 'always_partition': True} if name.startswith('swin') else {}
    inner = timm_network(made, num_classes=5, **swin)
    indices = made.out_indices
    expected = outputs_of(inner, [inner.feature_info[index]['module'] for index in indices], images())

    maps = made(images())

    assert made.strides == (4, 8, 16)
    for found, other, stride, channels in zip(maps, expected, made.strides, made.out_channels, strict=True):
        other = other.permute(0, 3, 1, 2) if name.startswith('swin') else other
        assert found.shape == (2, channels, 64 // stride, 64 // stride)
        torch.testing.assert_close(found, other, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('name', ['swin_tiny_patch4_window7_224', 'convnext_atto'])
def test_the_last_map_has_the_last_norm(name: str) -> None:
    made = backbone(name, (2, 3))
    last = made(images())[-1]
    if name.startswith('swin'):
        assert isinstance(made.network.norm, nn.LayerNorm)
        rows = (last - made.network.norm.bias[:, None, None]) / made.network.norm.weight[:, None, None]
        torch.testing.assert_close(rows.mean(dim=1), torch.zeros(2, 2, 2), rtol=0, atol=1e-4)
    else:
        assert isinstance(made.network.norm_pre, nn.Identity)


@torch.no_grad()
@pytest.mark.parametrize('name', ALL)
def test_any_size_is_padded_to_the_last_stride_and_cut(name: str) -> None:
    made = backbone(name, (-2, -1))
    batch = images(50, 75)
    stride = made.strides[-1]
    whole = made(pad(batch, (0, -75 % stride, 0, -50 % stride)))
    for found, padded, each in zip(made(batch), whole, made.strides, strict=True):
        rows, columns = math.ceil(50 / each), math.ceil(75 / each)
        assert found.shape[2:] == (rows, columns)
        torch.testing.assert_close(found, padded[..., :rows, :columns])


@torch.no_grad()
def test_a_network_bound_to_a_size_takes_smaller_images() -> None:
    made = backbone('beit_base_patch16_224', (-1,), embed_dim=32, depth=2, num_heads=2, img_size=(96, 64))
    (found,) = made(images(50, 60))
    (whole,) = made(pad(images(50, 60), (0, 4, 0, 46)))
    assert found.shape == (2, 32, 4, 4)
    torch.testing.assert_close(found, whole[:, :, :4])
    with pytest.raises(ConfigError, match=r'cannot take images of 97 x 60.*give it img_size=\(97, 60\)'):
        made(images(97, 60))


def test_what_lies_behind_the_last_map_is_left_out() -> None:
    assert len(backbone('vit_tiny_patch16_224', (0, -2)).network.blocks) == 2
    assert backbone('vit_tiny_patch16_224', (0, -2)).out_indices == [0, 1]
    assert not list(backbone('resnet18', (1, 2)).network.layer4.parameters())


def test_dilated_stages() -> None:
    made = backbone('resnet18', (1, 2, 3, 4), output_stride=8)
    assert made.strides == (4, 8, 8, 8)
    assert [each.shape[-1] for each in made(images())] == [16, 8, 8, 8]


@pytest.mark.parametrize('mode', ['pooled', 'maps'])
@pytest.mark.parametrize('name', ALL)
def test_every_parameter_is_trained(name: str, mode: str) -> None:
    made = backbone(name, None if mode == 'pooled' else (-4, -3, -2, -1) if name in STAGED else (0, 1)).train()
    sum((each * torch.randn_like(each)).sum() for each in made(images())).backward()
    assert [key for key, parameter in made.named_parameters() if parameter.grad is None] == []
    first = next(iter(made.parameters()))
    assert first.grad.abs().sum() > 0
