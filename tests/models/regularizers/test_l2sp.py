"""L2-SP against a loop over all weights."""

import copy

import pytest
import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.regularizers import half_squared_distance
from tests.models.regularizers.regularized import batch, begin, classifier, move

L2SP = dict(type='cft.L2SP', alpha=0.3, beta=0.07)


def loop(model: nn.Module, before: dict[str, Tensor], alpha: float, beta: float) -> float:
    """The equation, number by number."""
    total = 0.0
    for name, module in model.named_modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        pretrained = name.startswith('backbone.')
        origin = before[f'{name}.weight'].double() if pretrained else torch.zeros_like(module.weight).double()
        for w, o in zip(module.weight.double().flatten().tolist(), origin.flatten().tolist(), strict=True):
            total += (alpha if pretrained else beta) / 2 * (w - o) ** 2
    return total


def test_value_and_gradient() -> None:
    """alpha (w - w0) for the backbone's weights, beta w for the new ones, nothing for biases and norms."""
    model = classifier(L2SP)
    before = copy.deepcopy(dict(model.named_parameters()))
    begin(model)
    move(model)
    loss = model.loss(*batch())['loss_l2sp']
    assert loss.item() == pytest.approx(loop(model, before, 0.3, 0.07), rel=1e-5)
    loss.backward()
    weights = {f'{name}.weight' for name, m in model.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    for name, parameter in model.named_parameters():
        if name not in weights:
            assert parameter.grad is None, name
        elif name.startswith('backbone.'):
            torch.testing.assert_close(parameter.grad, 0.3 * (parameter - before[name]), rtol=1e-6, atol=0)
        else:
            torch.testing.assert_close(parameter.grad, 0.07 * parameter.detach(), rtol=1e-6, atol=0)


def test_frozen_stages_take_no_part() -> None:
    model = classifier(L2SP, frozen_stages=1)
    before = copy.deepcopy(dict(model.named_parameters()))
    begin(model)
    move(model)
    for name in list(before):
        if not dict(model.named_parameters())[name].requires_grad:
            before[name] = dict(model.named_parameters())[name].detach().clone()
    assert model.loss(*batch())['loss_l2sp'].item() == pytest.approx(loop(model, before, 0.3, 0.07), rel=1e-5)


def test_a_copy_of_the_model_is_measured_by_its_own_weights() -> None:
    """As a moving average or a trial step makes it; the source is not copied."""
    model = classifier(L2SP)
    source = begin(model)
    other = copy.deepcopy(model)
    move(model)
    beta_term = 0.07 * half_squared_distance([other.head.fc.weight])
    torch.testing.assert_close(other.loss(*batch())['loss_l2sp'], beta_term)
    assert other.regularizers.terms[0].source is source
    assert model.loss(*batch())['loss_l2sp'] > beta_term


def test_checkpoints_hold_nothing_of_it() -> None:
    model, plain = classifier(L2SP), classifier()
    begin(model)
    assert model.state_dict().keys() == plain.state_dict().keys()


def test_half_precision_is_summed_in_float32() -> None:
    """The square of 300 is no number of float16."""
    weight = torch.full((4,), 300.0, dtype=torch.float16, requires_grad=True)
    loss = half_squared_distance([weight])
    loss.backward()
    assert loss.item() == 180000 and weight.grad.tolist() == [300.0] * 4


def test_nan_is_not_hidden() -> None:
    model = classifier(L2SP)
    begin(model)
    with torch.no_grad():
        model.backbone.conv1.weight[0, 0, 0, 0] = torch.nan
    assert model.regularizers.terms[0].loss(model, None).isnan()


@pytest.mark.parametrize(
    ('settings', 'reason'),
    [
        (dict(alpha=-1), 'alpha must be at least 0'),
        (dict(beta=float('nan')), 'beta must be at least 0'),
    ],
)
def test_settings(settings: dict, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        classifier(dict(type='cft.L2SP', **settings))


def test_mistakes() -> None:
    with pytest.raises(ConfigError, match='no weight of the backbone is trained'):
        classifier(L2SP, frozen_stages=3)
    with pytest.raises(ConfigError, match='has cft.L2SP twice'):
        classifier(L2SP, L2SP)
    with pytest.raises(ConfigError, match='no source weights'):
        classifier(L2SP).loss(*batch())
