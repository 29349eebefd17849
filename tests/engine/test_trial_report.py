"""A training that reports to a study: what is reported when, and a run that is given up ends in order."""

from pathlib import Path

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import Runner
from optuna.trial import TrialState

from cft.engine.hooks import StageSwitchHook, TrialReportHook
from cft.engine.hooks.trial_report import TrialPruned
from cft.engine.trial_storage import named_pruner, open_study
from cft.errors import ConfigError
from tests.support.toy_run import Batches, ToyModel, toy_runner


class Falling(BaseMetric):
    """A figure that is lower after each validation."""

    seen = 0

    def process(self, data_batch: object, data_samples: object) -> None:
        self.results.append(0)

    def compute_metrics(self, results: list) -> dict[str, float]:
        Falling.seen += 1
        return {'score': 10.0 - Falling.seen}


class Judged(ToyModel):
    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> object:
        return super().forward(inputs) if mode == 'loss' else [0] * len(inputs)


class Ends(Hook):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def after_train_epoch(self, runner: Runner) -> None:
        self.seen.append('epoch')

    def after_train(self, runner: Runner) -> None:
        self.seen.append('train')


def run(folder: Path, number: int, pruner: str = 'median', length: int = 10, **options: object) -> Runner:
    Falling.seen = options.pop('offset', 0)
    hook = TrialReportHook(str(folder), number, options.pop('metric', 'score'), maximise=True, pruner=pruner)
    loop = 'cft.ResumableEpochLoop' if options.get('by_epoch') else 'cft.ResumableIterLoop'
    data = dict(batch_size=5, dataset=Batches(), sampler=dict(type='DefaultSampler', shuffle=False))
    runner = toy_runner(
        folder / f'run{number}',
        [hook, *options.pop('hooks', [])],
        Judged(),
        length=length,
        val_dataloader={**data, 'collate_fn': {'type': 'default_collate'}},
        val_cfg={},
        val_evaluator=[Falling()],
        **options,
    )
    del runner._train_loop['by_epoch']
    runner._train_loop.update(type=loop, val_interval=1 if options.get('by_epoch') else 2)
    try:
        runner.train()
    except TrialPruned as pruned:
        runner.pruned = pruned
    return runner


def trial_of(folder: Path, *before: list[float]) -> int:
    """A new trial after complete ones with these reports."""
    study = open_study(folder, maximise=True)
    for reports in before:
        trial = study.ask()
        for step, value in enumerate(reports, 1):
            trial.report(value, step)
        study.tell(trial, reports[-1])
    return study.ask().number


@pytest.mark.parametrize('by_epoch', [False, True])
def test_every_validation_is_reported_once(tmp_path: Path, by_epoch: bool) -> None:
    number = trial_of(tmp_path)
    runner = run(tmp_path, number, by_epoch=by_epoch, length=20 if by_epoch else 8)
    reported = open_study(tmp_path, True).trials[number]
    assert reported.intermediate_values == {1: 9.0, 2: 8.0, 3: 7.0, 4: 6.0} and reported.state is TrialState.RUNNING
    assert not hasattr(runner, 'pruned')
    # What is validated after the training is no part of it.
    runner.val_loop.run()
    assert len(open_study(tmp_path, True).trials[number].intermediate_values) == 4


def test_a_trial_that_is_behind_ends_in_order(tmp_path: Path) -> None:
    """After the first fifth of its validations, with a checkpoint and all hooks told, as at the end of a run."""
    number = trial_of(tmp_path, *[[20.0] * 10] * 5)
    ends = Ends()
    runner = run(tmp_path, number, length=20, hooks=[ends], checkpoint={'interval': 4})
    reported = open_study(tmp_path, True).trials[number].intermediate_values
    assert list(reported) == [1, 2] and runner.iter == 4 and ends.seen == ['epoch', 'train']
    assert (str(runner.pruned), runner.pruned.value) == ('after validation 2 of 10', 8.0)
    assert (tmp_path / f'run{number}' / 'last_checkpoint').exists()


def test_one_that_is_not_behind_goes_on(tmp_path: Path) -> None:
    number = trial_of(tmp_path, *[[1.0] * 10] * 5)
    assert run(tmp_path, number, length=20).iter == 20
    # Nor is any with few others to compare with, or without a pruner.
    for others, pruner in ((4, 'median'), (6, 'none')):
        folder = tmp_path / pruner
        folder.mkdir()
        number = trial_of(folder, *[[20.0] * 10] * others)
        assert run(folder, number, pruner, length=20).iter == 20


def test_stages_before_the_last_are_not_reported(tmp_path: Path) -> None:
    """While COIN initialises, nothing that is validated says how good the trial is."""
    number = trial_of(tmp_path, *[[20.0] * 10] * 5)
    stages = [dict(fraction=0.7, loss_weights=dict(loss_ce=0.0)), dict(loss_weights=dict(loss_ce=1.0))]
    runner = run(tmp_path, number, length=20, hooks=[StageSwitchHook(stages)])
    assert list(open_study(tmp_path, True).trials[number].intermediate_values) == [8] and runner.iter == 16


def test_hyperband_gives_up_most_of_the_trials(tmp_path: Path) -> None:
    """Of trials that began together, those in front go on."""
    lengths = []
    for offset in (0, 1, 2, 3, 4, 5, 6, 7, 8):
        number = trial_of(tmp_path)
        runner = run(tmp_path, number, 'hyperband', length=18, offset=offset)
        lengths.append(runner.iter)
        state, value = (TrialState.PRUNED, None) if hasattr(runner, 'pruned') else (None, 1.0)
        open_study(tmp_path, True).tell(number, value, state=state)
    assert lengths[0] == 18 and min(lengths) < 18


def test_mistakes(tmp_path: Path) -> None:
    number = trial_of(tmp_path)
    with pytest.raises(ConfigError, match='metric=accuracy: the validation gives score'):
        run(tmp_path, number, metric='accuracy', length=2)
    with pytest.raises(ConfigError, match='none of median, hyperband, none'):
        named_pruner('best', 3)
    # Trained again later, the config of a finished trial does no harm.
    open_study(tmp_path, True).tell(number, 1.0)
    assert run(tmp_path, number, length=2).iter == 2
    assert open_study(tmp_path, True).trials[number].intermediate_values == {}
