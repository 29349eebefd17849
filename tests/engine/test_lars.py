"""LARS against loops number by number, apex's order of operations, and its state in checkpoints."""

import math
import re

import pytest
import torch
from mmpretrain.engine import optimizers
from torch import Tensor, nn

from cft.engine.lars import LARS
from cft.errors import ConfigError
from tests.support.synchronisations import synchronisations

MomentumWithRate = optimizers.LARS
SHAPES = [(3, 4), (5,), (2, 3, 2, 2), (1,)]


def parameters_and_gradients(steps: int) -> tuple[list[nn.Parameter], list[list[Tensor]]]:
    parameters = [nn.Parameter(torch.randn(shape, dtype=torch.float64)) for shape in SHAPES]
    return parameters, [[torch.randn_like(parameter) for parameter in parameters] for _ in range(steps)]


def run(optimizer: torch.optim.Optimizer, gradients: list[list[Tensor | None]], rates: list[float]) -> list[list]:
    """The parameters after as many steps, each with a learning rate of its own."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group['params']]
    for step, rate in zip(gradients, rates, strict=True):
        for parameter, gradient in zip(parameters, step, strict=True):
            parameter.grad = None if gradient is None else gradient.clone()
        for group in optimizer.param_groups:
            group['lr'] = rate
        optimizer.step()
    return [parameter.detach().flatten().tolist() for parameter in parameters]


def in_loops(
    weights: list[float], gradients: list[list[float] | None], rates: list[float], settings: dict, excluded: bool
) -> list[float]:
    momenta = [0.0] * len(weights)
    for gradient, rate in zip(gradients, rates, strict=True):
        if gradient is None:
            continue
        decay, ratio = settings['weight_decay'], 1.0
        weight_norm, slope = (math.sqrt(sum(x * x for x in values)) for values in (weights, gradient))
        if not excluded and weight_norm > 0 and slope > 0:
            ratio = settings['eta'] * weight_norm / (slope + decay * weight_norm + 1e-8)
        for i, g in enumerate(gradient):
            momenta[i] = settings['momentum'] * momenta[i] + ratio * (g + decay * weights[i])
        weights = [w - rate * m for w, m in zip(weights, momenta, strict=True)]
    return weights


@pytest.mark.parametrize('momentum', [0.9, 0.0])
@pytest.mark.parametrize('weight_decay', [0.1, 0.0])
def test_equals_loops_while_the_rate_changes(momentum: float, weight_decay: float) -> None:
    """Warm-up and decay; the second group is excluded; a tensor without a gradient rests in that step."""
    rates, settings = [0.1, 0.5, 2.0, 0.3], {'momentum': momentum, 'weight_decay': weight_decay, 'eta': 0.02}
    parameters, gradients = parameters_and_gradients(len(rates))
    gradients[2][1] = gradients[0][3] = gradients[1][0] = None
    start = [parameter.detach().flatten().tolist() for parameter in parameters]
    groups = [{'params': parameters[:3]}, {'params': parameters[3:], 'lars_exclude': True}]
    found = run(LARS(groups, lr=1.0, **settings), gradients, rates)
    for index, values in enumerate(start):
        own = [None if step[index] is None else step[index].flatten().tolist() for step in gradients]
        expected = in_loops(values, own, rates, settings, excluded=index == 3)
        assert found[index] == pytest.approx(expected, rel=1e-12), index


@pytest.mark.parametrize(('kind', 'close'), [(torch.float16, 2e-3), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize('momentum', [0.9, 0.0])
def test_short_types_equal_loops_in_float64(kind: torch.dtype, close: float, momentum: float) -> None:
    """Norms beyond float16's largest number, squares below its smallest, and a ratio that it would round to 0."""
    settings = {'momentum': momentum, 'weight_decay': 0.1, 'eta': 0.001}
    torch.manual_seed(0)
    weights = [4 * torch.rand(300, 300) + 2, (torch.rand(5, 5) + 1) / 16, (torch.rand(40, 40) + 1) / 16]
    slopes = [600 * torch.rand(300, 300) - 200, torch.rand(5, 5) / 8192, 3e4 * torch.rand(40, 40) + 3e4]
    parameters = [nn.Parameter(weight.to(kind)) for weight in weights]
    gradients, rates = [slope.to(kind) for slope in slopes], [40.0, 60.0]
    start = [parameter.detach().flatten().tolist() for parameter in parameters]
    found = run(LARS(parameters, lr=1.0, **settings), [gradients] * 2, rates)
    for values, gradient, before in zip(found, gradients, start, strict=True):
        expected = in_loops(before, [gradient.flatten().tolist()] * 2, rates, settings, excluded=False)
        assert values == pytest.approx(expected, rel=close)
        assert math.dist(before, expected) > 0.05 * math.hypot(*before)


def test_equals_sgd_of_scaled_gradients() -> None:
    """As apex's LARC, around which SwAV builds: decay and ratio go into the gradient, then torch's SGD steps."""
    rates = [0.2, 1.0, 0.4]
    parameters, gradients = parameters_and_gradients(3)
    twins = [nn.Parameter(parameter.detach().clone()) for parameter in parameters]
    sgd = torch.optim.SGD(twins, lr=1.0, momentum=0.9)
    for step, rate in zip(gradients, rates, strict=True):
        for twin, gradient in zip(twins, step, strict=True):
            ratio = 0.001 * twin.norm() / (gradient.norm() + 1e-4 * twin.norm() + 1e-8)
            twin.grad = (ratio * (gradient + 1e-4 * twin)).detach()
        sgd.param_groups[0]['lr'] = rate
        sgd.step()
    found = run(LARS(parameters, lr=1.0, momentum=0.9, weight_decay=1e-4), gradients, rates)
    for values, twin in zip(found, twins, strict=True):
        assert values == pytest.approx(twin.flatten().tolist(), rel=1e-12)


def test_differs_from_mmpretrains_in_the_warm_up_alone() -> None:
    """With one rate both are the same; with a rising one the momentum of the past has other rates."""
    parameters, gradients = parameters_and_gradients(4)
    for rates, same in (([0.5] * 4, True), ([0.1, 0.2, 0.4, 0.8], False)):
        found = []
        for kind in (LARS, MomentumWithRate):
            own = [nn.Parameter(parameter.detach().clone()) for parameter in parameters]
            values = run(kind(own, lr=1.0, momentum=0.9, weight_decay=0.1), gradients, rates)
            found.append([value for tensor in values for value in tensor])
        assert (found[0] == pytest.approx(found[1], rel=1e-10)) == same


@pytest.mark.parametrize(('weight', 'gradient'), [(0.0, 2.0), (3.0, 0.0), (0.0, 0.0)])
def test_without_a_norm_the_ratio_is_one(weight: float, gradient: float) -> None:
    """A layer that starts at zero learns, and one without a slope is decayed."""
    parameter = nn.Parameter(torch.full((2, 2), weight))
    optimizer = LARS([parameter], lr=0.5, weight_decay=0.1, momentum=0.9)
    parameter.grad = torch.full((2, 2), gradient)
    optimizer.step()
    torch.testing.assert_close(parameter.detach(), torch.full((2, 2), weight - 0.5 * (gradient + 0.1 * weight)))


def test_gradients_stay_and_types_may_be_mixed() -> None:
    parameters = [nn.Parameter(torch.randn(2, 3).to(kind)) for kind in (torch.float32, torch.float64, torch.bfloat16)]
    optimizer = LARS(parameters, lr=0.1, momentum=0.9, weight_decay=0.1, eta=1.0)
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    before = [(parameter.grad.clone(), parameter.detach().clone()) for parameter in parameters]
    optimizer.step()
    for parameter, (gradient, value) in zip(parameters, before, strict=True):
        assert torch.equal(parameter.grad, gradient)
        assert parameter.dtype == value.dtype and not torch.equal(parameter, value)


def test_nothing_waits_for_the_device() -> None:
    """mmpretrain's asks for two numbers of each tensor."""
    for kind, waits in ((LARS, 0), (MomentumWithRate, 2 * len(SHAPES))):
        parameters, gradients = parameters_and_gradients(1)
        optimizer = kind(parameters, lr=0.1, momentum=0.9)
        for parameter, gradient in zip(parameters, gradients[0], strict=True):
            parameter.grad = gradient
        assert synchronisations(optimizer.step).total() == waits


def test_state_goes_through_a_checkpoint() -> None:
    parameters, gradients = parameters_and_gradients(4)
    whole = [nn.Parameter(parameter.detach().clone()) for parameter in parameters]
    settings = {'lr': 0.1, 'momentum': 0.9, 'weight_decay': 0.1}
    expected = run(LARS(whole, **settings), gradients, [0.1] * 4)
    first = LARS(parameters, **settings)
    run(first, gradients[:2], [0.1] * 2)
    resumed = LARS(parameters, **settings)
    resumed.load_state_dict(first.state_dict())
    assert run(resumed, gradients[2:], [0.1] * 2) == expected


def test_momentum_with_the_rate_inside_is_refused() -> None:
    parameters, gradients = parameters_and_gradients(1)
    old = MomentumWithRate(parameters, lr=0.1, momentum=0.9)
    run(old, gradients, [0.1])
    with pytest.raises(ConfigError, match=re.escape("optim_wrapper.optimizer.type='LARS'")) as error:
        LARS(parameters, lr=0.1, momentum=0.9).load_state_dict(old.state_dict())
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('settings', [{'lr': -1.0}, {'momentum': 1.0}, {'weight_decay': -0.1}, {'eta': -1.0}])
def test_impossible_settings(settings: dict) -> None:
    with pytest.raises(ConfigError, match=f'LARS: {next(iter(settings))} must'):
        LARS([torch.zeros(2, requires_grad=True)], **{'lr': 0.1, **settings})


def test_sparse_gradients_are_refused() -> None:
    embedding = nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(ConfigError, match='sparse=False'):
        LARS(embedding.parameters(), lr=0.1).step()
