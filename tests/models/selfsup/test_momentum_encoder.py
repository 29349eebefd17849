"""MomentumContrast: how its momentum encoder starts, moves and is kept from learning."""

import copy

import pytest
import torch
from torch import nn

from cft.models.norms import split_batch_norms
from cft.models.selfsup import MoCoV2
from tests.models.selfsup.momentum_models import BACKBONE, NECK, build, encoders, keys_of, views


def test_update_target_closed_form() -> None:
    """After k steps with momentum m from t to a fixed o: m^k t + (1 - m^k) o; statistics of BatchNorm stay."""
    model = build()
    online, target = encoders(model)
    for parameter in online.parameters():
        nn.init.normal_(parameter)
    for buffer in online.buffers():
        buffer.add_(3)
    start, buffers = copy.deepcopy(list(target.parameters())), copy.deepcopy(list(target.buffers()))
    for _ in range(5):
        model.update_target(0.9)
    for moved, old, goal in zip(target.parameters(), start, online.parameters(), strict=True):
        torch.testing.assert_close(moved, 0.9**5 * old + (1 - 0.9**5) * goal, rtol=1e-5, atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(target.buffers(), buffers, strict=True))


def test_update_target_limits() -> None:
    """Momentum 1 keeps the target, 0 copies the online encoder; the online encoder never moves."""
    model = build()
    online, target = encoders(model)
    for parameter in online.parameters():
        nn.init.normal_(parameter)
    for momentum, source in ((1.0, target), (0.0, online)):
        expected, fixed = copy.deepcopy(source.state_dict()), copy.deepcopy(online.state_dict())
        model.update_target(momentum)
        torch.testing.assert_close(target.state_dict(), expected, rtol=0, atol=0)
        torch.testing.assert_close(online.state_dict(), fixed, rtol=0, atol=0)


def test_update_target_without_neck_parameters() -> None:
    """A pooling neck has nothing to average; the backbone still moves."""
    model = build(neck={'type': 'mmpretrain.GlobalAveragePooling'}, queue_length=0)
    nn.init.ones_(model.backbone.conv1.weight)
    model.update_target(0.0)
    assert (model.target_backbone.conv1.weight == 1).all()


def test_only_the_online_encoder_learns() -> None:
    """Every online parameter gets a gradient, none of the target's does, nor does the queue."""
    model = build()
    online, target = encoders(model)
    model.loss(views(), [])['loss'].backward()
    assert all(parameter.grad is not None for parameter in online.parameters())
    assert model.backbone.conv1.weight.grad.abs().max() > 1e-6
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in target.parameters())
    assert not model.queue.features.requires_grad


def test_init_weights_makes_the_target_equal() -> None:
    """As built, and after new weights were drawn for the online backbone and neck."""
    neck = NECK | {'init_cfg': {'type': 'Normal', 'layer': 'Linear', 'std': 0.1}}
    model = MoCoV2(backbone=dict(BACKBONE), neck=neck, queue_length=7, feat_channels=5)
    online, target = encoders(model)
    torch.testing.assert_close(online.state_dict(), target.state_dict(), rtol=0, atol=0)
    before = copy.deepcopy(online.state_dict())
    model.init_weights()
    torch.testing.assert_close(online.state_dict(), target.state_dict(), rtol=0, atol=0)
    assert not torch.equal(model.backbone.conv1.weight, before['0.conv1.weight'])
    assert not torch.equal(model.neck.mlp[0].weight, before['1.mlp.0.weight'])
    assert all(a is not b for a, b in zip(online.parameters(), target.parameters(), strict=True))


def test_training_without_updates_stops() -> None:
    """1000 batches may pass without an update, not one more; an update starts the count again."""
    model = build()
    model._steps_without_update = 999
    model.loss(views(), [])
    with pytest.raises(RuntimeError, match='MomentumUpdateHook'):
        model.loss(views(), [])
    model.update_target(0.9)
    model.loss(views(), [])


def test_parts_of_the_keys_alone_are_normalised_apart() -> None:
    """``key_splits``: keys as of four encoders on a quarter each, queries as ever; names and the average stay."""
    plain, split = build(shuffle_keys=False), build(shuffle_keys=False, key_splits=4)
    split.load_state_dict(plain.state_dict())
    assert list(split.state_dict()) == list(plain.state_dict())
    images = torch.randn(8, 3, 8, 8)
    expected = torch.cat([keys_of(plain, part) for part in images.chunk(4)])
    keys = split.encode_keys([images, images], [(0, 1)])[1]
    torch.testing.assert_close(keys, expected, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(keys, keys_of(plain, images), rtol=1e-2)
    assert torch.equal(split.encode_query(images), plain.encode_query(images))
    nn.init.ones_(split.backbone.bn1.bias)
    split.update_target(0.0)
    assert (split.target_backbone.bn1.bias == 1).all()
    assert int(split.target_backbone.bn1.num_batches_tracked) == 1


def test_statistics_that_tell_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same images as the queries', unless parts, other ranks or SyncBN are in between."""
    sync = {**BACKBONE, 'norm_cfg': {'type': 'SyncBN'}}
    layers = {**BACKBONE, 'norm_cfg': {'type': 'GN', 'num_groups': 2}}
    assert build().statistics_tell_keys()
    derived = build()
    derived.target_backbone.bn1.__class__ = type('NormAndActivation', (nn.BatchNorm2d,), {})
    split_batch_norms(derived.target_backbone, 2)
    assert derived.statistics_tell_keys()
    others = [{'key_splits': 2}, {'shuffle_keys': False}, {'backbone': sync}, {'backbone': layers}]
    assert not any(build(**options).statistics_tell_keys() for options in others)
    monkeypatch.setattr('cft.models.selfsup.momentum_contrast.get_world_size', lambda: 2)
    assert not build().statistics_tell_keys()
