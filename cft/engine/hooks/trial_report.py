"""Tell a search how a training comes on, and end it if others are better."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from cft.engine.checkpointing.scores import is_comparable
from cft.engine.trial_storage import named_pruner, open_study
from cft.errors import ConfigError
from cft.registry import HOOKS

from .stage_switch import StageSwitchHook


class TrialPruned(Exception):
    """A trial has been given up; all hooks have been told that its training is over.

    Attributes:
        value: Of the metric when it was.
    """

    def __init__(self, message: str, value: float) -> None:
        super().__init__(message)
        self.value = value


@HOOKS.register_module()
class TrialReportHook(Hook):
    """Report each validation to the study of a search; a trial that its pruner gives up ends in order.

    Validations are counted from 1, over a whole training, so that trials of
    other batch sizes can be compared. Those before the last stage of
    :class:`cft.engine.hooks.StageSwitchHook` are not reported: COIN's
    classifier, for one, has not been trained then. After a trial is given up
    the loop ends as after its last step, and then :class:`TrialPruned` is raised.

    Args:
        folder: Of the search.
        trial: Number of the trial.
        metric: What is reported.
        maximise: Whether a greater value is a better one.
        pruner: As of :func:`cft.engine.trial_storage.named_pruner`.

    Example:
        >>> dict(type='cft.TrialReportHook', folder='work_dirs/search', trial=3, metric='accuracy/top1', maximise=True,
        ...      pruner='median')  # doctest: +SKIP
    """

    # After the checkpoint of the best model was written.
    priority = 'LOWEST'

    def __init__(self, folder: str, trial: int, metric: str, maximise: bool, pruner: str) -> None:
        self.folder, self.number, self.metric = folder, trial, metric
        self.maximise, self.pruner = maximise, pruner
        self._trial: Any = None
        self._pruned: TrialPruned | None = None

    def before_train(self, runner: Runner) -> None:
        from optuna.trial import Trial, TrialState

        pruner = named_pruner(self.pruner, self._validations(runner))
        study = open_study(self.folder, self.maximise, pruner)
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        found = next((trial for trial in running if trial.number == self.number), None)
        if found is None:
            runner.logger.warning(f'trial {self.number} of {self.folder} is not running: nothing is reported to it')
            return
        self._trial = Trial(study, found._trial_id)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        if self._trial is None or runner.iter <= self._last_stage(runner):
            return
        if self.metric not in (metrics or {}):
            raise ConfigError(f'metric={self.metric}: the validation gives {", ".join(metrics or {})}')
        assert metrics is not None, 'the metric is in it'
        number, last = self._done(runner), self._validations(runner)
        if not is_comparable(self.metric, metrics[self.metric]):
            return
        # A resumed training may validate once more where it was interrupted.
        value = float(metrics[self.metric])
        if number not in self._trial.study.get_trials(deepcopy=False)[self.number].intermediate_values:
            self._trial.report(value, number)
        if number < last and self._trial.should_prune():
            runner.train_loop.stop_training = True
            self._pruned = TrialPruned(f'after validation {number} of {last}', value)
            runner.logger.info(f'trial {self.number} ends after validation {number} of {last}: others are better')

    def after_train(self, runner: Runner) -> None:
        # What is validated from now on is no part of the training.
        self._trial = None
        if self._pruned is not None:
            raise self._pruned

    @staticmethod
    def _done(runner: Runner) -> int:
        loop = runner.train_loop
        done = runner.epoch if isinstance(loop, EpochBasedTrainLoop) else runner.iter
        return -(-done // loop.val_interval)

    @staticmethod
    def _validations(runner: Runner) -> int:
        loop = runner.train_loop
        length = loop.max_epochs if isinstance(loop, EpochBasedTrainLoop) else loop.max_iters
        return -(-length // loop.val_interval)

    @staticmethod
    def _last_stage(runner: Runner) -> int:
        return max((hook.starts[-1] for hook in runner.hooks if isinstance(hook, StageSwitchHook)), default=0)
