"""Auxiliary BatchNorm in whole networks of the OpenMMLab libraries."""

import copy

import pytest
import torch
from mmengine.registry import MODELS
from mmengine.runner.checkpoint import load_state_dict
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.adversarial import signed_gradient_step
from cft.models.norms import AuxiliaryBatchNorm2d, auxiliary_statistics
from tests.models.norms.batch_norms import plain_state, randomised

NORM = {'type': 'cft.AuxBN'}


def resnet(library: str = 'mmpretrain', **options: object) -> nn.Module:
    return MODELS.build({'type': f'{library}.ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8, **options})


def test_clean_statistics_do_not_see_adversarial_passes() -> None:
    """A ResNet that is attacked and trained on the result: clean buffers and gradients are bit-identical."""
    attacked = resnet(norm_cfg=NORM)
    unaware, images = copy.deepcopy(attacked), torch.rand(4, 3, 32, 32) * 255

    def loss_of(x: Tensor) -> Tensor:
        return attacked((x - 127) / 60)[0].square().mean()

    with auxiliary_statistics(attacked):
        moved = signed_gradient_step(images, loss_of, step=1, epsilon=1)
        loss_of(moved)
    expected = unaware((images - 127) / 60)[0].square().mean()
    found = loss_of(images)
    assert torch.equal(found, expected)
    found.backward()
    expected.backward()
    torch.testing.assert_close(plain_state(attacked), plain_state(unaware), rtol=0, atol=0)
    for (name, parameter), twin in zip(attacked.named_parameters(), unaware.parameters(), strict=True):
        assert (parameter.grad is None) == ('auxiliary' in name)
        assert parameter.grad is None or torch.equal(parameter.grad, twin.grad)
    assert int(attacked.bn1.auxiliary.num_batches_tracked) == 2


@pytest.mark.parametrize('library', ['mmpretrain', 'mmseg', 'mmdet'])
def test_resnets_are_built_from_a_norm_config(library: str) -> None:
    """Every BatchNorm is auxiliary, under the names of a plain one; freezing reaches both sides."""
    model, plain = resnet(library, norm_cfg=NORM), resnet(library)
    assert list(plain_state(model)) == list(plain.state_dict())
    assert sum(isinstance(layer, AuxiliaryBatchNorm2d) for layer in model.modules()) == 20
    with auxiliary_statistics(model):
        model(torch.randn(2, 3, 32, 32))
    frozen = resnet(library, norm_cfg={**NORM, 'requires_grad': False}, norm_eval=True)
    frozen.train()
    layers = [layer for layer in frozen.modules() if isinstance(layer, AuxiliaryBatchNorm2d)]
    sides = [side for layer in layers for side in (layer, layer.auxiliary)]
    assert not any(side.training or side.weight.requires_grad or side.bias.requires_grad for side in sides)


def test_plain_checkpoint_fills_both_sides() -> None:
    """Strictly, with torch's and with MMEngine's loader; the sides share no memory and the file's dict is unchanged."""
    state = randomised(resnet()).state_dict()
    names = list(state)
    for load in (nn.Module.load_state_dict, load_state_dict):
        model = resnet(norm_cfg=NORM).double()
        load(model, state, strict=True)
        torch.testing.assert_close(plain_state(model), dict(state), rtol=0, atol=0)
        auxiliary = {n.replace('auxiliary.', ''): t for n, t in model.state_dict().items() if 'auxiliary' in n}
        torch.testing.assert_close(auxiliary, {name: state[name] for name in auxiliary}, rtol=0, atol=0)
    assert list(state) == names
    layer = AuxiliaryBatchNorm2d(3)
    layer.load_state_dict(nn.BatchNorm2d(3).state_dict(), assign=True)
    assert layer.weight.data_ptr() != layer.auxiliary.weight.data_ptr()


def test_refuses_to_mix_statistics() -> None:
    """A plain BatchNorm beside auxiliary ones, and all of them after SyncBN conversion."""
    mixed = nn.Sequential(AuxiliaryBatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3)))
    with (
        pytest.raises(ConfigError, match=r'^1\.0 is a BatchNorm2d, which would mix .*convert_to_auxiliary.*cft\.AuxBN'),
        auxiliary_statistics(mixed),
    ):
        pass
    assert not mixed[0].use_auxiliary
    synchronised = nn.SyncBatchNorm.convert_sync_batchnorm(resnet(norm_cfg=NORM))
    with (
        pytest.raises(ConfigError, match=r'^bn1 is a SyncBatchNorm, .*leave out sync_bn and use .*SyncBN'),
        auxiliary_statistics(synchronised),
    ):
        pass


def test_refuses_recomputed_activations() -> None:
    """Activation checkpointing runs forward again in the backward pass, when the context has ended."""
    with (
        pytest.raises(ConfigError, match=r'^the model has with_cp=True: .*set with_cp=False'),
        auxiliary_statistics(resnet(norm_cfg=NORM, with_cp=True)),
    ):
        pass
