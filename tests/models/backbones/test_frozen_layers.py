"""Frozen stages and norms stay as they are in training; activations are recomputed; paths are dropped."""

import copy

import pytest
import torch
from torch import nn

from cft.models.norms import convert_to_auxiliary
from tests.models.backbones.networks import backbone, images

FROZEN = {
    'resnet18': (2, ['conv1', 'bn1', 'layer1', 'layer2']),
    'convnext_atto': (1, ['stem', 'stages.0']),
    'swin_tiny_patch4_window7_224': (1, ['patch_embed', 'layers.0']),
    'vit_tiny_patch16_224': (1, ['cls_token', 'pos_embed', 'patch_embed', 'blocks.0']),
    'vit_small_patch14_reg4_dinov2': (1, ['cls_token', 'reg_token', 'pos_embed', 'patch_embed', 'blocks.0']),
    'vit_small_patch16_dinov3': (0, ['cls_token', 'reg_token', 'patch_embed']),
    'efficientnet_b0': (0, ['conv_stem', 'bn1']),
}  # fmt: skip


@pytest.mark.parametrize('name', FROZEN)
def test_frozen_stages_stay_and_the_rest_moves(name: str) -> None:
    stages, prefixes = FROZEN[name]
    made = backbone(name, (-1,), frozen_stages=stages, **({'drop_path_rate': 0.9} if 'vit' in name else {})).train()
    before = {key: tensor.clone() for key, tensor in made.network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in made.parameters() if p.requires_grad], lr=0.1, weight_decay=0.1)
    made(images())[0].square().mean().backward()
    optimizer.step()
    frozen = [key for key in before if key.startswith(tuple(f'{prefix}.' for prefix in prefixes)) or key in prefixes]
    assert frozen
    moved = {key for key, tensor in made.network.state_dict().items() if not torch.equal(tensor, before[key])}
    assert not moved & set(frozen)
    assert {key for key, _ in made.network.named_parameters()} - set(frozen) <= moved
    for key, module in made.network.named_modules():
        if any(key == prefix or key.startswith(f'{prefix}.') for prefix in prefixes):
            assert not module.training


def test_frozen_norms_with_auxiliary_statistics_stay_frozen() -> None:
    made = convert_to_auxiliary(backbone('resnet18', frozen_stages=0)).train()
    assert not made.network.bn1.training
    assert made.network.layer1[0].bn1.training


@pytest.mark.parametrize('name', ['resnet18', 'regnetx_002', 'efficientnet_b0'])
def test_norm_eval_keeps_all_statistics(name: str) -> None:
    made = backbone(name, norm_eval=True).train()
    before = {key: tensor.clone() for key, tensor in made.named_buffers()}
    made(images())
    assert before
    assert all(torch.equal(tensor, before[key]) for key, tensor in made.named_buffers())
    assert made.network.training


@pytest.mark.parametrize('maps', [None, (-2, -1)])
@pytest.mark.parametrize('name', [
    'resnet18', 'convnext_atto', 'swin_tiny_patch4_window7_224', 'vit_tiny_patch16_224', 'vit_small_patch16_dinov3',
    'efficientnet_b0',
])  # fmt: skip
def test_recomputed_activations_give_the_same_gradient(name: str, maps: tuple[int, ...] | None) -> None:
    plain = backbone(name, maps)
    cheap = backbone(name, maps, with_cp=True)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), cheap.parameters(), strict=True))
    calls = {}
    for key, made in (('plain', plain), ('cheap', cheap)):
        calls[key] = 0
        for module in made.modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                module.register_forward_hook(lambda *_, key=key: calls.update({key: calls[key] + 1}))
        torch.manual_seed(5)
        sum(each.square().mean() for each in made.train()(images())).backward()
    assert calls['cheap'] > calls['plain']
    for one, other in zip(plain.parameters(), cheap.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize('name', ['convnext_atto', 'swin_tiny_patch4_window7_224', 'vit_tiny_patch16_224'])
def test_paths_are_dropped_in_training_alone(name: str) -> None:
    dropping = backbone(name, drop_path_rate=0.8)
    whole = backbone(name)
    torch.testing.assert_close(dropping(images())[0], whole(images())[0])
    training = copy.deepcopy(dropping).train()
    runs = [training(images())[0] for _ in range(3)]
    assert not torch.equal(runs[0], runs[1]) or not torch.equal(runs[1], runs[2])
