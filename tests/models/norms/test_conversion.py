"""Conversion of existing models to auxiliary BatchNorm."""

import copy

import pytest
import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import MODELS
from torch import nn

from cft.errors import ConfigError
from cft.models.norms import (
    AuxiliaryBatchNorm1d,
    AuxiliaryBatchNorm2d,
    AuxiliaryLocalBatchNorm,
    AuxiliarySyncBatchNorm,
    LocalBatchNorm,
    SynchronisedBatchNorm,
    agree_at_the_start,
    auxiliary_statistics,
    convert_to_auxiliary,
)
from tests.models.norms.batch_norms import batch, plain_state, randomised


def test_conversion_keeps_the_function_and_the_parameters() -> None:
    """Both sides compute what the model did; an optimiser built before still holds its parameters."""
    model = randomised(nn.Sequential(nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, eps=0.1)), nn.Flatten()))
    model.append(randomised(nn.BatchNorm1d(60, momentum=0.7)))
    model[0][1].eval()
    parameters, inputs = dict(model.named_parameters()), batch()
    expected = copy.deepcopy(model)(inputs)
    state = copy.deepcopy(model.state_dict())
    assert convert_to_auxiliary(model) is model
    assert [type(model[0][1]), type(model[2])] == [AuxiliaryBatchNorm2d, AuxiliaryBatchNorm1d]
    assert [model[0][1].training, model[0][1].auxiliary.training, model[2].training] == [False, False, True]
    torch.testing.assert_close(plain_state(model), dict(state), rtol=0, atol=0)
    assert all(dict(model.named_parameters())[name] is parameter for name, parameter in parameters.items())
    with auxiliary_statistics(model):
        assert torch.equal(model(inputs), expected)
    torch.testing.assert_close(plain_state(model), dict(state), rtol=0, atol=0)
    assert torch.equal(model(inputs), expected)


def test_conversion_of_what_is_converted_changes_nothing() -> None:
    model = convert_to_auxiliary(nn.Sequential(nn.BatchNorm2d(3)))
    layer, names = model[0], list(model.state_dict())
    assert convert_to_auxiliary(model)[0] is layer
    assert list(model.state_dict()) == names


def test_conversion_of_one_layer_and_of_a_shared_one() -> None:
    """A lone BatchNorm comes back as a new layer; one that two parents share stays shared."""
    assert type(convert_to_auxiliary(nn.BatchNorm2d(3, affine=False))) is AuxiliaryBatchNorm2d
    shared = nn.BatchNorm2d(3)
    model = convert_to_auxiliary(nn.ModuleList([nn.Sequential(shared), nn.Sequential(shared)]))
    assert model[0][0] is model[1][0]
    assert type(model[0][0]) is AuxiliaryBatchNorm2d


def test_a_model_without_batch_norm_needs_nothing() -> None:
    """Vision transformers have no batch statistics."""
    model = convert_to_auxiliary(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)))
    with auxiliary_statistics(model):
        assert model(torch.randn(2, 4)).shape == (2, 4)


@pytest.mark.parametrize(
    ('norm', 'expected'),
    [
        ('SyncBN', (AuxiliarySyncBatchNorm, SynchronisedBatchNorm)),
        ('cft.LocalBN', (AuxiliaryLocalBatchNorm, LocalBatchNorm)),
    ],
)
def test_synchronised_layers_survive_a_run_of_one_process(norm: str, expected: tuple[type, type]) -> None:
    """Where MMEngine replaces SyncBN: both sides normalise vectors and maps, each with its own statistics."""
    layer = build_norm_layer({'type': norm, 'eps': 0.1}, 3)[1]
    model = revert_sync_batchnorm(convert_to_auxiliary(nn.Sequential(randomised(layer).float())))
    assert (type(model[0]), type(model[0].auxiliary)) == expected
    plain = nn.BatchNorm1d(3, eps=0.1)
    plain.load_state_dict(plain_state(model[0]))
    vectors = torch.randn(6, 3)
    with auxiliary_statistics(model):
        assert torch.equal(model(vectors), plain(vectors))
        assert model(torch.randn(2, 3, 4, 5)).shape == (2, 3, 4, 5)
    assert not torch.equal(model[0].running_mean, model[0].auxiliary.running_mean)


@pytest.mark.parametrize('zero_init', [False, True])
def test_both_sides_agree_at_the_start(zero_init: bool) -> None:
    """The features of a new ResNet with the auxiliary statistics are those with the clean ones."""
    resnet = {'type': 'mmpretrain.ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8}
    model = convert_to_auxiliary(MODELS.build({**resnet, 'zero_init_residual': zero_init}))
    model.init_weights()
    agree_at_the_start(model)
    images = torch.randn(4, 3, 32, 32)
    with auxiliary_statistics(model):
        adversarial = model(images)[0]
    assert torch.equal(adversarial, model(images)[0])
    assert all((block.norm2.auxiliary.weight == (0 if zero_init else 1)).all() for block in model.layer1)


def test_sides_that_have_learnt_are_left_alone() -> None:
    layer = randomised(AuxiliaryBatchNorm2d(3))
    layer.num_batches_tracked.fill_(1)
    before = copy.deepcopy(layer.state_dict())
    agree_at_the_start(layer)
    torch.testing.assert_close(layer.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize('layer', [nn.BatchNorm3d(3)], ids=lambda layer: type(layer).__name__)
def test_refuses_to_convert_other_kinds(layer: nn.Module) -> None:
    """One clear error before anything is replaced."""
    model = nn.Sequential(nn.BatchNorm2d(3), layer)
    with pytest.raises(ConfigError, match=f'1 is a {type(layer).__name__}, which has no auxiliary counterpart'):
        convert_to_auxiliary(model)
    assert type(model[0]) is nn.BatchNorm2d
