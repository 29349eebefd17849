"""The momentum encoder moves once after each optimiser step, by a schedule in closed form."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn

from cft.engine.hooks import MomentumUpdateHook
from cft.engine.model_access import unwrap_model
from cft.engine.seeded_batches import seed_batches
from cft.errors import ConfigError
from tests.support.toy_run import Batches, ToyModel, toy_runner


def momenta(tmp_path: Path, **arguments: object) -> list[float]:
    model = ToyModel()
    toy_runner(tmp_path, [MomentumUpdateHook(**arguments)], model).train()
    return model.momenta


def test_cosine(tmp_path: Path) -> None:
    expected = [1 - 0.004 * (math.cos(math.pi * step / 10) + 1) / 2 for step in range(10)]
    assert momenta(tmp_path, momentum=0.996) == pytest.approx(expected, abs=1e-12)


def test_linear_and_constant(tmp_path: Path) -> None:
    linear = momenta(tmp_path / 'linear', momentum=0.9, schedule='linear')
    assert linear == pytest.approx([0.9 + 0.01 * step for step in range(10)], abs=1e-12)
    assert momenta(tmp_path / 'constant', momentum=0.99, schedule='constant') == [0.99] * 10


def test_resume_continues_the_schedule(tmp_path: Path) -> None:
    whole = momenta(tmp_path / 'whole', momentum=0.9)
    model = ToyModel()
    settings = {'load_from': str(tmp_path / 'whole' / 'iter_4.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [MomentumUpdateHook(momentum=0.9)], model, **settings).train()
    assert model.momenta == whole[4:]


def test_once_per_optimiser_step(tmp_path: Path) -> None:
    """Five updates for ten batches accumulated in pairs."""
    model = ToyModel()
    toy_runner(tmp_path, [MomentumUpdateHook()], model, wrapper={'accumulative_counts': 2}).train()
    assert len(model.momenta) == 5


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'cosine', 'linear' or 'constant'"):
        MomentumUpdateHook(schedule='step')
    with pytest.raises(ConfigError, match=r'\[0, 1\]'):
        MomentumUpdateHook(momentum=1.5)
    with pytest.raises(ConfigError, match='update_target'):
        toy_runner(tmp_path, [MomentumUpdateHook()], Plain()).train()


class Plain(ToyModel):
    update_target = None

    def __getattribute__(self, name: str) -> object:
        if name == 'update_target':
            raise AttributeError(name)
        return super().__getattribute__(name)


def test_wrappers_are_seen_through() -> None:
    model = nn.Linear(2, 2)
    assert unwrap_model(ExponentialMovingAverage(model)).weight.shape == (2, 2)
    assert unwrap_model(torch.compile(model)) is model


class ToldOfBatches(ToyModel):
    """Remembers what it is told, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int | None, int]] = []

    def fix_batch_size(self, rows: int | None) -> None:
        self.told.append((rows, len(self.momenta)))


@pytest.mark.parametrize('drop_last', [True, False])
def test_batch_size_is_told_if_it_stays(drop_last: bool, tmp_path: Path) -> None:
    """Before the first step, and taken back after the last."""
    model = ToldOfBatches()
    runner = toy_runner(tmp_path, [MomentumUpdateHook()], model)
    runner._train_dataloader = torch.utils.data.DataLoader(Batches(), batch_size=2, drop_last=drop_last)
    seed_batches(runner._train_dataloader, seed=0, rank=0)
    runner.train()
    assert model.told == [(2 if drop_last else None, 0), (None, 10)]


@pytest.mark.parametrize('tells', [True, False])
def test_warning_of_statistics_that_tell_keys(tells: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings = []
    runner = toy_runner(tmp_path, [MomentumUpdateHook()], model := ToyModel())
    model.statistics_tell_keys = lambda: tells
    monkeypatch.setattr(runner.logger, 'warning', warnings.append)
    runner.train()
    assert [text for text in warnings if 'model.key_splits=8' in text] == warnings[: int(tells)]
    assert len([text for text in warnings if 'key_splits' in text]) == int(tells)
