"""Auxiliary BatchNorm layers: two sets of statistics behind one name."""

import copy

import pytest
import torch
from mmcv.cnn import build_norm_layer
from torch import nn

from cft.models.norms import AuxiliaryBatchNorm1d, AuxiliaryBatchNorm2d, auxiliary_statistics
from tests.models.norms.batch_norms import batch, plain_state, randomised


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('options', [{}, {'momentum': 0.3, 'eps': 0.1}, {'affine': False}, {'momentum': None}])
def test_each_side_is_a_batch_norm(options: dict, training: bool) -> None:
    """Output, gradients and buffers of two separate layers, one fed the clean and one the adversarial batches."""
    layer = randomised(AuxiliaryBatchNorm2d(3, **options)).train(training)
    clean = nn.BatchNorm2d(3, **options).double().train(training)
    adversarial = copy.deepcopy(clean)
    clean.load_state_dict(plain_state(layer))
    adversarial.load_state_dict(layer.auxiliary.state_dict())
    for scale in (1.0, 3.0):
        inputs, noisy = batch(scale=scale).requires_grad_(), batch(scale=5 * scale)
        twin = inputs.detach().clone().requires_grad_()
        output, expected = layer(inputs), clean(twin)
        with auxiliary_statistics(layer):
            noisy_output = layer(noisy)
        assert torch.equal(output, expected)
        assert torch.equal(noisy_output, adversarial(noisy))
        output.square().sum().backward()
        expected.square().sum().backward()
        assert torch.equal(inputs.grad, twin.grad)
    torch.testing.assert_close(plain_state(layer), clean.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(layer.auxiliary.state_dict(), adversarial.state_dict(), rtol=0, atol=0)


def test_gradients_reach_the_affine_map_in_use() -> None:
    """Backward runs after the context has ended, as in training."""
    layer = randomised(AuxiliaryBatchNorm2d(3))
    with auxiliary_statistics(layer):
        loss = layer(batch()).square().sum()
    loss.backward()
    assert layer.weight.grad is None
    assert layer.auxiliary.weight.grad.abs().min() > 0


def test_vectors() -> None:
    """The layer for projectors normalises (N, C)."""
    layer, plain = AuxiliaryBatchNorm1d(3), nn.BatchNorm1d(3)
    inputs = torch.randn(8, 3)
    assert torch.equal(layer(inputs), plain(inputs))
    with auxiliary_statistics(layer):
        layer(2 * inputs)
    torch.testing.assert_close(plain_state(layer), plain.state_dict(), rtol=0, atol=0)


def test_contexts_nest_and_survive_exceptions() -> None:
    """The inner one ends with the outer one in force; an error leaves none in force."""
    layer = randomised(AuxiliaryBatchNorm2d(3)).eval()
    inputs = batch()
    clean, adversarial = layer(inputs), layer.auxiliary(inputs)
    assert not torch.equal(clean, adversarial)
    with auxiliary_statistics(layer):
        with auxiliary_statistics(layer):
            assert torch.equal(layer(inputs), adversarial)
        assert torch.equal(layer(inputs), adversarial)
    with pytest.raises(KeyError), auxiliary_statistics(layer):
        raise KeyError
    assert torch.equal(layer(inputs), clean)


def test_only_the_given_model_is_switched() -> None:
    """A momentum encoder beside it stays on its clean statistics."""
    encoders = nn.ModuleList([AuxiliaryBatchNorm2d(3), AuxiliaryBatchNorm2d(3)])
    with auxiliary_statistics(encoders[0]):
        assert [layer.use_auxiliary for layer in encoders] == [True, False]


def test_norm_layer_options() -> None:
    """mmcv names the layer ``bn``; its options hold for both sides."""
    name, layer = build_norm_layer({'type': 'cft.AuxBN', 'eps': 0.01, 'momentum': 0.2}, 7, postfix=2)
    assert (name, type(layer)) == ('bn2', AuxiliaryBatchNorm2d)
    for side in (layer, layer.auxiliary):
        assert (side.num_features, side.eps, side.momentum) == (7, 0.01, 0.2)
    _, vectors = build_norm_layer({'type': 'cft.AuxBN1d'}, 7)
    assert type(vectors) is AuxiliaryBatchNorm1d


def test_own_checkpoint_round_trip() -> None:
    """Sides that differ come back as they were, and a half-present auxiliary side is an error."""
    source, target = randomised(AuxiliaryBatchNorm2d(3)), AuxiliaryBatchNorm2d(3).double()
    state = source.state_dict()
    assert not torch.equal(state['weight'], state['auxiliary.weight'])
    target.load_state_dict(state)
    torch.testing.assert_close(target.state_dict(), state, rtol=0, atol=0)
    del state['auxiliary.weight']
    with pytest.raises(RuntimeError, match=r'Missing key.*auxiliary\.weight'):
        target.load_state_dict(state)
