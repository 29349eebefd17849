"""BiasAndNormExclusion: which parameter is in which group, and what LARS and AdamW make of it."""

import math
from collections import Counter

import pytest
import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

from cft.errors import ConfigError
from cft.models import AuxiliaryBatchNorm2d

LARS = {'type': 'cft.LARS', 'lr': 0.5, 'momentum': 0.9, 'weight_decay': 0.1, 'eta': 0.01}
ADAMW = {'type': 'AdamW', 'lr': 0.1, 'weight_decay': 0.5}
DECAYED = {'stem.weight', 'attention.weight', 'cls_token', 'pos_embed', 'shared.weight'}
EXCLUDED = {
    'stem.bias', 'attention.bias', 'bn.weight', 'bn.bias', 'bn.auxiliary.weight', 'bn.auxiliary.bias',
    'ln.weight', 'ln.bias', 'layer_scale', 'temperature',
}  # fmt: skip


class Everything(nn.Module):
    """Convolution, BatchNorm with an auxiliary one, LayerNorm, tokens, scalars, tied and frozen weights."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.bn = AuxiliaryBatchNorm2d(4)
        self.attention = nn.Linear(4, 4)
        self.ln = nn.LayerNorm(4)
        self.layer_scale = nn.Parameter(torch.ones(4))
        self.cls_token = nn.Parameter(torch.randn(1, 1, 4))
        self.pos_embed = nn.Parameter(torch.randn(1, 5, 4))
        self.temperature = nn.Parameter(torch.tensor(0.5))
        self.shared = nn.Linear(4, 4, bias=False)
        self.also_shared = self.shared
        self.teacher = nn.Conv2d(3, 4, 1).requires_grad_(False)


def wrapped(model: nn.Module, optimizer: dict, **settings: object) -> OptimWrapper:
    """The optimiser that a config with this constructor gets."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return build_optim_wrapper(
            model, {'optimizer': optimizer, 'constructor': 'cft.BiasAndNormExclusion', **settings}
        )


def names_in(model: nn.Module, groups: list[dict]) -> list[str]:
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [names[id(parameter)] for group in groups for parameter in group['params']]


@pytest.mark.parametrize('optimizer', [LARS, ADAMW, {'type': 'SGD', 'lr': 0.1}], ids=lambda cfg: cfg['type'])
def test_each_trained_parameter_is_in_one_group(optimizer: dict) -> None:
    model = Everything()
    groups = wrapped(model, optimizer).optimizer.param_groups
    assert len(groups) == 2
    counts = Counter(names_in(model, groups))
    assert counts == dict.fromkeys(DECAYED | EXCLUDED, 1)
    excluded = [group for group in groups if group.get('lars_exclude')]
    assert set(names_in(model, excluded)) == EXCLUDED
    assert {group['weight_decay'] for group in excluded} == {0.0}
    others = [group for group in groups if not group.get('lars_exclude')]
    assert {group['weight_decay'] for group in others} == {optimizer.get('weight_decay', 0.0)}
    assert {group['lr'] for group in groups} == {optimizer['lr']}


def lars_in_loops(weights: list[float], gradients: list[list[float]], optimizer: dict, excluded: bool) -> list[float]:
    """You et al. 2017, algorithm 1, number by number."""
    velocity = [0.0] * len(weights)
    decay = 0.0 if excluded else optimizer['weight_decay']
    for gradient in gradients:
        rate = optimizer['lr']
        if not excluded:
            weight_norm = math.sqrt(sum(w * w for w in weights))
            gradient_norm = math.sqrt(sum(g * g for g in gradient))
            rate *= optimizer['eta'] * weight_norm / (gradient_norm + decay * weight_norm)
        for i, g in enumerate(gradient):
            velocity[i] = optimizer['momentum'] * velocity[i] + rate * (g + decay * weights[i])
        weights = [w - v for w, v in zip(weights, velocity, strict=True)]
    return weights


def test_lars_steps_against_loops() -> None:
    model = Everything().double()
    start = {name: p.detach().flatten().tolist() for name, p in model.named_parameters()}
    gradients = {name: [torch.randn_like(p) for _ in range(3)] for name, p in model.named_parameters()}
    wrapper = wrapped(model, LARS)
    for step in range(3):
        for name, parameter in model.named_parameters():
            parameter.grad = gradients[name][step].clone()
        wrapper.step()
    for name, parameter in model.named_parameters():
        expected = start[name]
        if not name.startswith('teacher'):
            steps = [gradient.flatten().tolist() for gradient in gradients[name]]
            expected = lars_in_loops(expected, steps, LARS, excluded=name in EXCLUDED)
        assert parameter.flatten().tolist() == pytest.approx(expected, rel=1e-6), name


def test_adamw_decays_only_what_is_not_excluded() -> None:
    """Without gradients AdamW does nothing but decay, by the factor 1 - lr * weight_decay."""
    model = Everything()
    start = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    wrapper = wrapped(model, ADAMW)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    wrapper.step()
    for name, parameter in model.named_parameters():
        factor = 1 - 0.1 * 0.5 if name in DECAYED else 1.0
        assert torch.allclose(parameter, factor * start[name], rtol=1e-6), name


def test_settings_by_name_hold_as_in_the_default_constructor() -> None:
    """Learning rates for all; decay factors for what is not excluded."""
    model = Everything()
    settings = {'custom_keys': {'attention': {'lr_mult': 0.1, 'decay_mult': 0.5}, 'token': {'decay_mult': 0.0}}}
    settings['bypass_duplicate'] = True
    groups = wrapped(model, LARS, paramwise_cfg=settings).optimizer.param_groups
    by_name = {name: group for group in groups for name in names_in(model, [group])}
    assert set(by_name) == DECAYED | EXCLUDED
    assert by_name['attention.weight']['lr'] == by_name['attention.bias']['lr'] == pytest.approx(0.05)
    assert by_name['attention.weight']['weight_decay'] == pytest.approx(0.05)
    assert by_name['attention.bias']['weight_decay'] == by_name['cls_token']['weight_decay'] == 0.0
    assert by_name['stem.weight']['lr'] == 0.5 and by_name['stem.weight']['weight_decay'] == 0.1
    assert {name for name, group in by_name.items() if group.get('lars_exclude')} == EXCLUDED


def test_wrapper_settings_and_data_parallel_models() -> None:
    model = Everything()
    parallel = nn.DataParallel(model)
    wrapper = wrapped(parallel, LARS, clip_grad={'max_norm': 1.0}, accumulative_counts=2)
    assert (wrapper.clip_grad_kwargs, wrapper._accumulative_counts) == ({'max_norm': 1.0}, 2)
    assert set(names_in(model, wrapper.optimizer.param_groups)) == DECAYED | EXCLUDED


def test_one_kind_of_parameter_makes_one_group() -> None:
    assert len(wrapped(nn.Linear(2, 2, bias=False), LARS).optimizer.param_groups) == 1
    assert len(wrapped(nn.LayerNorm(2), LARS).optimizer.param_groups) == 1


def test_nothing_to_train() -> None:
    with pytest.raises(ConfigError, match='Linear has no parameter to train'):
        wrapped(nn.Linear(2, 2).requires_grad_(False), LARS)
