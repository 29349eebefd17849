"""What a training costs is told beforehand, in words, and the run notices nothing of it."""

import re
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from cft.engine.hooks import RunCostHook
from cft.engine.hooks.run_cost import cost_of
from cft.engine.run_cost import SMALLER_NETWORK, cheaper_settings, in_bytes, in_time
from cft.engine.trial_step import trial_step
from cft.errors import ConfigError
from tests.support.toy_run import ToyModel, toy_runner


class Sampling(ToyModel):
    """Draws, counts and takes its time."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.norm = nn.BatchNorm1d(4)
        self.calls = nn.Parameter(torch.zeros(()), requires_grad=False)

    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> dict[str, torch.Tensor]:
        time.sleep(self.seconds)
        if len(inputs) > 1:
            self.norm(inputs)
        with torch.no_grad():
            self.calls += 1
        return super().forward(nn.functional.dropout(inputs), mode)


class Uncopied(Sampling):
    """Cannot be tried beforehand."""

    def __deepcopy__(self, memo: dict) -> 'Uncopied':
        raise RuntimeError('no copy')


def trained(folder: Path, hooks: list, model: nn.Module, **settings: object) -> tuple[dict, list[str]]:
    """The weights after a run, and what was logged, with the number of steps before it."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.rand_like(parameter))
    runner = toy_runner(folder, hooks, model, **settings)
    lines: list[str] = []
    runner.logger.setLevel('INFO')
    for handler in list(runner.logger.handlers):
        runner.logger.removeHandler(handler)
    runner.logger.addFilter(lambda record: lines.append(f'{record.getMessage()} [{model.calls.item():.0f}]') or True)
    runner.train()
    return runner.model.state_dict(), lines


@pytest.mark.parametrize('by_epoch', [False, True])
def test_the_run_notices_nothing(tmp_path: Path, by_epoch: bool) -> None:
    """Weights, statistics and draws are those of a run without the hook."""
    plain, _ = trained(tmp_path / 'plain', [], Sampling(), by_epoch=by_epoch)
    told, lines = trained(tmp_path / 'told', [RunCostHook(minutes=0)], Sampling(), by_epoch=by_epoch)
    assert any('a step takes about' in line for line in lines)
    assert plain.keys() == told.keys() and all(torch.equal(plain[name], told[name]) for name in plain)
    assert told['calls'].item() == 10


def seconds_told(lines: list[str]) -> float:
    [line] = [line for line in lines if 'a step takes about' in line]
    return float(re.search(r'about ([\d.]+) s and the training about', line).group(1))


@pytest.mark.parametrize('kind', [Sampling, Uncopied])
def test_figures(tmp_path: Path, kind: type[Sampling]) -> None:
    """Before the first step, or after a few where a step cannot be tried; steps of 0.1 s."""
    _, lines = trained(tmp_path, [RunCostHook(minutes=0)], kind(seconds=0.1))
    assert 0.1 <= seconds_told(lines) < 0.5
    [line] = [line for line in lines if 'a step takes about' in line]
    assert line.endswith('[0]' if kind is Sampling else '[3]')


def test_short_runs_are_not_told(tmp_path: Path) -> None:
    _, lines = trained(tmp_path, [RunCostHook(minutes=30)], Sampling())
    assert not any('a step takes' in line for line in lines)
    [device] = [line for line in lines if line.startswith('Training on ')]
    assert re.fullmatch(r'Training on CPU, \d+ cores?(, [\d.]+ GB of memory)? \[0\]', device)


def test_a_trial_has_gradients_of_its_own(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, [], ToyModel())
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.optim_wrapper.initialize_count_status(runner.model, 0, 10)
    before = torch.get_rng_state()
    with trial_step(runner, images=3) as step:
        step()
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(parameter.grad is None for parameter in runner.model.parameters())


@pytest.mark.parametrize(
    ('seconds', 'steps', 'told'),
    [
        (55, 400, 'a step takes about 55 s and the training about 6.1 h, without validation'),
        (0.5, 3601, 'a step takes about 0.5 s and the training about 30 min, without validation'),
        (0.5, 3600, None),
        (1801, 1, 'a step takes about 30 min and the training about 30 min, without validation'),
        (86400, 30, 'a step takes about 24 h and the training about 30 days, without validation'),
    ],
)
def test_words(seconds: float, steps: int, told: str | None) -> None:
    found = cost_of(seconds, steps, minutes=30)
    assert found is None if told is None else re.fullmatch(rf'On \d+ CPU cores? {re.escape(told)}', found)


@pytest.mark.parametrize(
    ('seconds', 'words'),
    [(0.0123, '0.012 s'), (1, '1 s'), (9.99, '10 s'), (89, '89 s'), (91, '1.5 min'), (5400, '1.5 h')],
)
def test_times(seconds: float, words: str) -> None:
    assert in_time(seconds) == words


def test_amounts() -> None:
    assert [in_bytes(number) for number in (0, 5e5, 9.9e7, 1e8, 8.1e10)] == [
        '0 MB',
        '0 MB',
        '99 MB',
        '0.1 GB',
        '81.0 GB',
    ]


LARGE, SMALL = nn.Linear(4000, 4000), nn.Linear(3, 3)


@pytest.mark.parametrize(
    ('cfg', 'model', 'settings'),
    [
        ({'image_size': 224}, LARGE, ['image_size=128', SMALLER_NETWORK]),
        ({'image_size': 224}, SMALL, ['image_size=128']),
        ({'image_size': 128}, SMALL, []),
        ({'image_size': None}, SMALL, []),
        ({'image_size': (224, 320)}, SMALL, []),
        ({}, SMALL, []),
        ({}, LARGE, [SMALLER_NETWORK]),
        ({'image_size': 224, 'model': {'backbone': {'patch_size': 16}}}, SMALL, ['image_size=128']),
        (
            {'image_size': 518, 'model': {'backbone': {'model_name': 'vit_small_patch14_reg4_dinov2'}}},
            SMALL,
            ['image_size=126'],
        ),
        ({'image_size': 224, 'model': {'backbone': {'model_name': 'convnext_tiny'}}}, SMALL, ['image_size=128']),
    ],
)
def test_only_what_helps_and_what_the_config_has(cfg: dict, model: nn.Module, settings: list[str]) -> None:
    assert cheaper_settings(cfg, model) == settings


def test_negative_minutes() -> None:
    with pytest.raises(ConfigError, match='minutes must be at least 0, got -1'):
        RunCostHook(minutes=-1)
