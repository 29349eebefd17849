"""Noise once, before the first step, of the size that the weights say."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from torch import nn

from cft.apis import train
from cft.checkpoints import read_state_dict
from cft.engine.hooks import NoisyTuneHook
from cft.engine.hooks.noisy_tune import add_relative_noise
from cft.errors import ConfigError
from tests.support.digits_runs import short_config
from tests.support.toy_run import Recorder, ToyModel, toy_runner

STILL = {'optimizer': {'type': 'SGD', 'lr': 0.0}}


class Model(ToyModel):
    """Weights, a bias, a norm, a constant, a single number and a frozen layer in the backbone."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.backbone = nn.Sequential(nn.Linear(4, 50), nn.LayerNorm(50), nn.PReLU(), nn.Linear(50, 4))
        self.backbone.append(nn.Linear(4, 4).requires_grad_(False))


class Before(Hook):
    """The weights before training, for a part that acts at this priority."""

    def __init__(self, priority: str) -> None:
        self.priority = priority

    def before_train(self, runner: Runner) -> None:
        self.weights = {name: value.clone() for name, value in runner.model.state_dict().items()}


def test_which_parameters(tmp_path: Path) -> None:
    """The backbone's that are trained and vary; within half of 0.15 standard deviations, and near to it."""
    before = Before('VERY_LOW')
    model = Model()
    toy_runner(tmp_path, [NoisyTuneHook(), before], model, wrapper=STILL).train()
    assert model.momenta == [0.0], 'a moving average begins with the noise'
    for name, value in model.state_dict().items():
        noise = value - before.weights[name]
        if name in ('backbone.0.weight', 'backbone.0.bias', 'backbone.3.weight', 'backbone.3.bias'):
            deviation = before.weights[name].std()
            assert 0 < noise.abs().max() <= 0.075 * deviation * 1.001
            if value.numel() > 100:
                assert noise.std() == pytest.approx(float(0.15 * deviation / 12**0.5), rel=0.1)
                assert noise.min() < -0.06 * deviation and noise.max() > 0.06 * deviation
        else:
            assert not noise.any(), name


@pytest.mark.parametrize('values', [[3.0], [2.0, 2.0, 2.0], []])
def test_without_deviation(values: list[float]) -> None:
    parameter = torch.tensor(values)
    add_relative_noise(parameter, 0.15, torch.Generator())
    assert parameter.tolist() == values


@pytest.mark.parametrize('done', [1, 4, 9])
def test_never_again_after_a_resume(done: int, tmp_path: Path) -> None:
    """Nothing else moves the weights: they are those of the first step."""
    seen = Recorder(lambda runner: runner.model.backbone[0].weight.clone())
    toy_runner(tmp_path / 'whole', [NoisyTuneHook(), seen], Model(), wrapper=STILL).train()
    model = Model()
    before = model.backbone[0].weight.clone()
    settings = {'load_from': str(tmp_path / 'whole' / f'iter_{done}.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [NoisyTuneHook()], model, wrapper=STILL, **settings).train()
    assert not torch.equal(seen.seen[0], before)
    assert torch.equal(model.backbone[0].weight, seen.seen[0]) and torch.equal(seen.seen[-1], seen.seen[0])


def test_a_run_stopped_before_its_first_step(tmp_path: Path) -> None:
    """It is resumed at iteration 0 with the noise in its weights."""

    class Stop(Hook):
        def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
            runner.save_checkpoint(str(tmp_path), 'start.pth')
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toy_runner(tmp_path / 'stopped', [NoisyTuneHook(), Stop()], Model(), wrapper=STILL).train()
    expected, model = read_state_dict(tmp_path / 'start.pth')['backbone.0.weight'], Model()
    assert not torch.equal(model.backbone[0].weight, expected)
    settings = {'load_from': str(tmp_path / 'start.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [NoisyTuneHook()], model, wrapper=STILL, **settings).train()
    assert torch.equal(model.backbone[0].weight, expected)


def test_weights_that_are_loaded_get_the_noise(tmp_path: Path) -> None:
    """Also those of a run that had it: to start from a checkpoint is not to resume."""
    toy_runner(tmp_path / 'a', [NoisyTuneHook()], Model()).train()
    loaded, model = read_state_dict(tmp_path / 'a' / 'iter_10.pth')['backbone.0.weight'], Model()
    settings = {'load_from': str(tmp_path / 'a' / 'iter_10.pth')}
    toy_runner(tmp_path / 'b', [NoisyTuneHook(), EMAHook()], model, wrapper=STILL, **settings).train()
    noise = (model.backbone[0].weight - loaded).abs()
    assert 0 < noise.max() <= 0.075 * loaded.std() * 1.001
    averaged = read_state_dict(tmp_path / 'b' / 'iter_10.pth')['backbone.0.weight']
    torch.testing.assert_close(averaged, model.backbone[0].weight.detach(), rtol=1e-6, atol=0)


def test_seed(tmp_path: Path) -> None:
    def noisy(folder: str, seed: int) -> torch.Tensor:
        runner = toy_runner(tmp_path / folder, [NoisyTuneHook()], Model(), wrapper=STILL)
        runner._seed = seed
        return runner.train().backbone[0].weight.detach().clone()

    assert torch.equal(noisy('a', 0), noisy('b', 0)) and not torch.equal(noisy('c', 0), noisy('d', 1))


def test_errors(tmp_path: Path) -> None:
    for intensity in (0, -0.1, float('nan')):
        with pytest.raises(ConfigError, match='intensity must be positive'):
            NoisyTuneHook(intensity)
    model = Model()
    model.backbone.requires_grad_(False)
    with pytest.raises(ConfigError, match='no trainable parameter in model.backbone'):
        toy_runner(tmp_path, [NoisyTuneHook()], model).train()


@pytest.mark.slow
def test_a_source_is_the_weights_without_noise(tmp_path: Path) -> None:
    """L2-SP's distance of the first step is that of the noise; without it there is none."""
    distances = {}
    for name in ('scl', 'noisytune'):
        cfg = short_config(name, tmp_path / name, iterations=1, optim_wrapper__optimizer__lr=1e-30)
        cfg.model.regularizers = [dict(type='cft.L2SP', alpha=2.0, beta=0.0)]
        cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
        runner = train(cfg)
        distances[name] = runner.message_hub.get_scalar('train/loss_l2sp').current()
        backbone = {name: p.detach() for name, p in runner.model.backbone.named_parameters()}
        distances[name, 'weights'] = backbone
    pairs = [(distances['noisytune', 'weights'][name], value) for name, value in distances['scl', 'weights'].items()]
    expected = sum(float((noisy - source).square().sum()) for noisy, source in pairs)
    assert distances['scl'] == 0 and distances['noisytune'] == pytest.approx(expected, rel=1e-4) and expected > 0
