"""Momentum contrast of networks of timm."""

import pytest
import torch
from torch import Tensor

from cft.models.selfsup import SCE, HEXAMoCo, MoCoV2
from tests.models.backbones.networks import images
from tests.models.backbones.steps import config_of
from tests.models.selfsup.momentum_models import encoders

NECK = {'type': 'mmpretrain.NonLinearNeck', 'hid_channels': 6, 'out_channels': 5, 'with_avg_pool': False,
        'norm_cfg': {'type': 'BN1d'}}  # fmt: skip
WIDTHS = {'resnet18': 512, 'convnext_atto': 32, 'vit_tiny_patch16_224': 32, 'vit_small_patch16_dinov3': 32}


def build(kind: type, name: str) -> torch.nn.Module:
    torch.manual_seed(4)
    neck = {**NECK, 'in_channels': WIDTHS[name]}
    model = kind(backbone=config_of(name), neck=neck, queue_length=8, feat_channels=5)
    model.init_weights()
    return model.train()


def tensors(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize('kind', [MoCoV2, SCE])
@pytest.mark.parametrize('name', WIDTHS)
def test_a_step_and_the_momentum_encoder(name: str, kind: type) -> None:
    model = build(kind, name)
    online, target = encoders(model)
    before, started = tensors(target), online.state_dict()
    assert before.keys() == started.keys()
    assert all(torch.equal(tensor, before[key]) for key, tensor in started.items())
    optimizer = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)
    model.parse_losses(model.loss([images(rows=4), images(rows=4).flip(3)], []))[0].backward()
    assert all(each.grad is not None for each in online.parameters())
    assert all(each.grad is None for each in target.parameters())
    optimizer.step()
    before, goal, own = tensors(target), dict(online.named_parameters()), dict(target.named_buffers())
    buffers = {key: tensor.clone() for key, tensor in own.items()}
    model.update_target(0.9)
    for key, parameter in target.named_parameters():
        torch.testing.assert_close(parameter, 0.9 * before[key] + 0.1 * goal[key])
    assert any(not torch.equal(before[key], parameter) for key, parameter in target.named_parameters())
    assert all(torch.equal(tensor, buffers[key]) for key, tensor in target.named_buffers())


def test_auxiliary_norms() -> None:
    model = build(HEXAMoCo, 'resnet18')
    pixels = images(rows=4).sigmoid() * 255
    losses = model.loss([pixels, pixels.flip(3)], [])
    model.parse_losses(losses)[0].backward()
    assert 'backbone.network.bn1.auxiliary.weight' in dict(model.named_parameters())
    assert all(each.grad is not None for each in model.backbone.parameters())
