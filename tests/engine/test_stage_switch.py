"""Stages follow the iteration counter; what is frozen does not move."""

import math
from pathlib import Path

import pytest
import torch

from cft.engine.hooks import StageSwitchHook
from cft.errors import ConfigError
from tests.support.toy_run import Recorder, ToyModel, toy_runner

STAGES = [
    {'fraction': 0.4, 'loss_weights': {'loss_ce': 0.0, 'loss_con': 1.0}, 'frozen': ['head.fc']},
    {'loss_weights': {'loss_ce': 1.0, 'loss_con': 0.1}},
]


def look(runner) -> tuple[float, float, torch.Tensor, torch.Tensor]:
    model = runner.model
    weights = model.head.loss_weights
    return weights['loss_ce'], weights['loss_con'], model.head.fc.weight.clone(), model.backbone.weight.clone()


@pytest.mark.parametrize('by_epoch', [False, True])
def test_weights_and_freezing(by_epoch: bool, tmp_path: Path) -> None:
    """Iterations 0 to 3 are the first stage of ten, also in the middle of an epoch of five."""
    recorder = Recorder(look)
    model = ToyModel()
    initial = model.head.fc.weight.clone()
    toy_runner(tmp_path, [StageSwitchHook(STAGES), recorder], model, by_epoch).train()
    assert [seen[:2] for seen in recorder.seen] == [(0.0, 1.0)] * 4 + [(1.0, 0.1)] * 6
    assert all(torch.equal(seen[2], initial) for seen in recorder.seen[:4])
    assert all(not torch.equal(a[2], b[2]) for a, b in zip(recorder.seen[3:-1], recorder.seen[4:], strict=True))
    assert all(not torch.equal(a[3], b[3]) for a, b in zip(recorder.seen[:-1], recorder.seen[1:], strict=True))


@pytest.mark.parametrize(('checkpoint', 'done'), [('iter_2', 2), ('iter_4', 4), ('iter_7', 7), ('epoch_1', 5)])
def test_resume_is_in_the_right_stage_at_once(checkpoint: str, done: int, tmp_path: Path) -> None:
    """From the middle of either stage, from the border, and in an epoch-based run."""
    by_epoch = checkpoint.startswith('epoch')
    toy_runner(tmp_path / 'whole', [StageSwitchHook(STAGES)], by_epoch=by_epoch).train()
    recorder = Recorder(look)
    settings = {'load_from': str(tmp_path / 'whole' / f'{checkpoint}.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [StageSwitchHook(STAGES), recorder], by_epoch=by_epoch, **settings).train()
    assert [seen[0] for seen in recorder.seen] == [0.0 if iteration < 4 else 1.0 for iteration in range(done, 10)]


def test_resume_in_a_stage_that_names_no_weights(tmp_path: Path) -> None:
    """It has those of the stage before, as in the uninterrupted run."""
    stages = [STAGES[0], {}]
    toy_runner(tmp_path / 'whole', [StageSwitchHook(stages)]).train()
    recorder = Recorder(look)
    settings = {'load_from': str(tmp_path / 'whole' / 'iter_7.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [StageSwitchHook(stages), recorder], **settings).train()
    assert [seen[:2] for seen in recorder.seen] == [(0.0, 1.0)] * 3


def test_restart_of_the_schedule(tmp_path: Path) -> None:
    """Closed form: one cosine over the first stage's share of ten steps, a whole one over the remaining six."""
    scheduler = {'type': 'CosineAnnealingLR', 'by_epoch': False, 'begin': 0, 'end': 10}
    stages = [STAGES[0], STAGES[1] | {'restart_schedule': True}]
    recorder = Recorder(lambda runner: runner.optim_wrapper.get_lr()['lr'][0])
    recorder.priority = 'VERY_HIGH'  # before the scheduler's own step
    toy_runner(tmp_path, [StageSwitchHook(stages), recorder], scheduler=scheduler).train()
    first = [0.05 * (1 + math.cos(math.pi * step / 10)) for step in range(4)]
    second = [0.05 * (1 + math.cos(math.pi * step / 6)) for step in range(6)]
    torch.testing.assert_close(torch.tensor(recorder.seen), torch.tensor(first + second))


def test_restart_of_a_schedule_of_steps(tmp_path: Path) -> None:
    """A tenth after half of the run and after 9 of 10 steps: in the remaining six, after three and after five."""
    scheduler = {'type': 'MultiStepLR', 'by_epoch': False, 'milestones': [5, 9], 'gamma': 0.1}
    recorder = Recorder(lambda runner: runner.optim_wrapper.get_lr()['lr'][0])
    recorder.priority = 'VERY_HIGH'  # before the scheduler's own step
    stages = [STAGES[0], STAGES[1] | {'restart_schedule': True}]
    toy_runner(tmp_path, [StageSwitchHook(stages), recorder], scheduler=scheduler).train()
    expected = [0.1] * 4 + [0.1] * 3 + [0.01] * 2 + [0.001]
    torch.testing.assert_close(torch.tensor(recorder.seen), torch.tensor(expected))


def test_gradient_accumulation_keeps_it_frozen(tmp_path: Path) -> None:
    model = ToyModel()
    initial = model.head.fc.weight.clone()
    recorder = Recorder(look)
    toy_runner(tmp_path, [StageSwitchHook(STAGES), recorder], model, wrapper={'accumulative_counts': 2}).train()
    assert torch.equal(recorder.seen[3][2], initial)
    assert not torch.equal(recorder.seen[-1][2], initial)


@pytest.mark.parametrize(
    ('stages', 'message'),
    [
        ([], 'empty'),
        ([{'fraction': 0.5, 'weights': {}}, {}], "unknown stage keys .'weights'"),
        ([{}, {}], 'needs a fraction'),
        ([{'fraction': 0.5}, {'fraction': 0.2}], 'add up to 0.7'),
        ([{'fraction': 1.5}, {}], 'lie in'),
        ([{'fraction': 0.5}, {'loss_weights': {'loss_cee': 1.0}}], 'unknown loss_weights'),
        ([{'fraction': 0.5, 'frozen': ['head.fcc']}, {}], "'head.fcc' names no parameter.*did you mean 'head.fc'"),
    ],
)
def test_errors_before_training(stages: list[dict], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        toy_runner(tmp_path, [StageSwitchHook(stages)]).train()


class WithoutWeights(ToyModel):
    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.ModuleDict({'fc': torch.nn.Linear(4, 2)})


def test_model_without_loss_weights(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='set_loss_weights'):
        toy_runner(tmp_path, [StageSwitchHook(STAGES)], WithoutWeights()).train()
