"""Runs that go on with another model, optimiser, schedule or length than they began with."""

import logging
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from torch import nn

from cft.errors import ConfigError
from tests.support.toy_run import Recorder, ToyModel, toy_runner

LINEAR = dict(type='LinearLR', start_factor=1.0, end_factor=0.1, by_epoch=False)
COSINE = dict(type='CosineAnnealingLR', eta_min=0.02, by_epoch=False)


def resumed(tmp_path: Path, first: dict | None = None, path: str = 'iter_4.pth', **second: object) -> Runner:
    """A run of four iterations, and one that continues it."""
    toy_runner(tmp_path / 'first', **{'hooks': [], 'length': 4, **(first or {})}).train()
    settings = {'length': 8, 'hooks': [], 'resume': True, 'load_from': str(tmp_path / 'first' / path), **second}
    return toy_runner(tmp_path / 'second', **settings)


def warnings_of(runner: Runner, caplog: pytest.LogCaptureFixture) -> list[str]:
    runner.logger.setLevel(logging.INFO)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    told = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    # Of a data set and of runs without schedules, MMEngine always warns.
    return [line for line in told if 'goes on with' in line or 'stands at' in line]


class Wide(ToyModel):
    def __init__(self) -> None:
        super().__init__()
        self.head.fc = nn.Linear(4, 3)


class More(ToyModel):
    def __init__(self) -> None:
        super().__init__()
        self.head.extra = nn.Linear(4, 2)


EMA = [dict(type='EMAHook', momentum=0.1)]


@pytest.mark.parametrize('hooks', [[], EMA])
@pytest.mark.parametrize(
    ('first', 'second', 'message'),
    [
        (ToyModel, Wide, 'has 2 of another shape, first head.fc.weight with'),
        (ToyModel, More, 'lacks 2 of its 6 tensors, first head.extra.weight'),
        (More, ToyModel, 'holds 2 for which the model has no place, first head.extra.weight'),
    ],
)
def test_another_model(first: type, second: type, message: str, hooks: list, tmp_path: Path) -> None:
    """Also where a moving average would load its part first."""
    runner = resumed(tmp_path, dict(model=first(), hooks=hooks), model=second(), hooks=hooks)
    with pytest.raises(ConfigError, match=f'iter_4.pth cannot be resumed with this model: it .*{message}'):
        runner.train()


@pytest.mark.parametrize(
    ('optimizer', 'paramwise', 'message'),
    [
        (dict(type='AdamW', lr=0.1), None, 'its optimiser is SGD, that of the config AdamW'),
        (dict(type='SGD', lr=0.1), dict(bias_lr_mult=2.0), '.*in 1 groups, other ones than the 4 of the config'),
    ],
)
@pytest.mark.parametrize('recorded', [True, False])
def test_another_optimiser(
    optimizer: dict, paramwise: dict | None, message: str, recorded: bool, tmp_path: Path
) -> None:
    """Also of checkpoints that do not tell its name."""
    wrapper = {'optimizer': optimizer, **({'paramwise_cfg': paramwise} if paramwise else {})}
    runner = resumed(tmp_path, wrapper=wrapper)
    if not recorded:
        content = torch.load(tmp_path / 'first' / 'iter_4.pth', weights_only=False)
        assert content['meta'].pop('plan')
        torch.save(content, tmp_path / 'first' / 'iter_4.pth')
        message = message.replace('is SGD, that of the config AdamW', 'has no betas, which AdamW needs')
    with pytest.raises(ConfigError, match=f'iter_4.pth cannot be resumed with this optim_wrapper: {message}'):
        runner.train()


def test_other_parameters_in_as_many_groups(tmp_path: Path) -> None:
    """Frozen parameters are none of the optimiser's; an order that changes is found by their names."""
    content = tmp_path / 'first' / 'iter_4.pth'
    runner = resumed(tmp_path)
    changed = torch.load(content, weights_only=False)
    names = changed['meta']['plan']['optimizers']['']['parameters'][0]
    assert sorted(names) == ['backbone.bias', 'backbone.weight', 'head.fc.bias', 'head.fc.weight']
    names.reverse()
    torch.save(changed, content)
    with pytest.raises(ConfigError, match='other ones than the 1 of the config'):
        runner.train()


def test_settings_of_the_optimiser_that_have_no_effect(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The saved ones go on: told, for each."""
    wrapper = {'optimizer': dict(type='SGD', lr=0.5, momentum=0.9, weight_decay=0.2)}
    recorder = Recorder(lambda runner: runner.optim_wrapper.get_lr()['lr'][0])
    (line,) = warnings_of(resumed(tmp_path, wrapper=wrapper, hooks=[recorder]), caplog)
    assert 'goes on with the settings of its checkpoint: optim_wrapper.optimizer.lr 0.1, not 0.5, ' in line
    assert 'optim_wrapper.optimizer.weight_decay 0.1, not 0.2' in line and 'load_from and without resume' in line
    assert recorder.seen == [0.1] * 4


@pytest.mark.parametrize('scheduler', [LINEAR, COSINE, dict(type='MultiStepLR', milestones=[2], by_epoch=False)])
@pytest.mark.parametrize('at', [2, 4])
def test_a_longer_run_tells_the_rate(
    scheduler: dict, at: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The rate that is told is the one that the run then has, whether its schedule was at its end or not."""
    recorder = Recorder(lambda runner: runner.optim_wrapper.get_lr()['lr'][0])
    first = dict(scheduler=[scheduler])
    runner = resumed(tmp_path, first, f'iter_{at}.pth', scheduler=[scheduler], hooks=[recorder])
    (line,) = warnings_of(runner, caplog)
    assert 'param_scheduler.0.end 4, not 8' in line
    told = float(line.split('from iteration 4 on the rate stays at ')[1].split('.  ')[0].split('. For')[0])
    # The first rate after a resume is that of the step before.
    assert recorder.seen[5 - at :] == pytest.approx([told] * (3), rel=1e-5)


def test_the_same_schedule_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = dict(scheduler=[LINEAR], length=8)
    assert warnings_of(resumed(tmp_path, first, scheduler=[LINEAR]), caplog) == []


def test_a_second_resume_is_told_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The checkpoints of a longer run keep the schedule that it goes on with."""
    resumed(tmp_path, dict(scheduler=[LINEAR]), scheduler=[LINEAR]).train()
    path = str(tmp_path / 'second' / 'iter_6.pth')
    again = toy_runner(tmp_path / 'third', [], length=8, scheduler=[LINEAR], resume=True, load_from=path)
    assert 'param_scheduler.0.end 4, not 8' in warnings_of(again, caplog)[0]


@pytest.mark.parametrize('second', [[COSINE], [LINEAR, COSINE], None])
def test_another_schedule(second: list | None, tmp_path: Path) -> None:
    """MMEngine continues the first ones of both, whatever they are."""
    runner = resumed(tmp_path, dict(scheduler=[LINEAR]), scheduler=second)
    with pytest.raises(ConfigError, match='cannot be resumed with this param_scheduler: it has LinearLR, the config'):
        runner.train()


@pytest.mark.parametrize('by_epoch', [True, False])
def test_beyond_the_end(by_epoch: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = dict(length=10, by_epoch=by_epoch)
    loop = (
        dict(type='cft.ResumableEpochLoop', max_epochs=1)
        if by_epoch
        else dict(type='cft.ResumableIterLoop', max_iters=5)
    )
    path = 'epoch_2.pth' if by_epoch else 'iter_10.pth'
    runner = resumed(tmp_path, first, path, by_epoch=by_epoch)
    runner._train_loop = loop
    unit = 'epoch 2, beyond train_cfg.max_epochs=1' if by_epoch else 'iteration 10, beyond train_cfg.max_iters=5'
    with pytest.raises(ConfigError, match=f'{path} stands at {unit}'):
        runner.train()
    done = resumed(tmp_path / 'again', first, path, by_epoch=by_epoch)
    done._train_loop = {**loop, **({'max_epochs': 2} if by_epoch else {'max_iters': 10})}
    (line,) = warnings_of(done, caplog)
    assert 'the end of the run: nothing is left to train' in line
