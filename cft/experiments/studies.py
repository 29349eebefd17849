"""A study of Optuna that processes share, each doing one trial at a time; what one has left, another takes over."""

import contextlib
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from cft.engine.sole_run import FolderInUse, sole_run
from cft.engine.trial_storage import open_study

from .search_settings import SearchSettings
from .spaces import Parameter

# As many trials are drawn at random before the sampler learns from what there is.
STARTUP_TRIALS = 10
# Of the trials, at most this part is given to the points of a space.
PART_OF_POINTS = 3
PAUSE = 0.05


@dataclass(frozen=True)
class TrialResult:
    """A trial of a search.

    Attributes:
        number: From 0, the config's own values.
        state: ``'complete'``, ``'pruned'``, ``'failed'`` or ``'running'``.
        value: Mean of the metric over the seeds, of one that is complete.
        values: Of each seed.
        overrides: What it changes in the config.
        point: Its values by parameter; none for the config's own.
        message: Why it failed, or at which validation it was given up.
    """

    number: int
    state: str
    value: float | None
    values: Sequence[float]
    overrides: Mapping[str, Any]
    point: Mapping[str, Any]
    message: str = ''

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds; nan for one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else float('nan')


@dataclass
class HeldTrial:
    """A trial that this process does; nobody else does while it is held."""

    number: int
    overrides: Mapping[str, Any]
    hold: contextlib.ExitStack


class SharedStudy:
    """The study of a search in its folder.

    Args:
        folder: Of the search.
        settings: What is searched.

    Example:
        >>> study = SharedStudy(Path('work_dirs/search'), settings)  # doctest: +SKIP
        >>> study.next_trial(limit=30).overrides  # doctest: +SKIP
        {}
    """

    def __init__(self, folder: Path, settings: SearchSettings) -> None:
        self.folder, self.settings = folder, settings
        self.study = open_study(folder, settings.maximise)
        self._distributions = {name: distribution(each) for name, each in settings.space.parameters.items()}

    def next_trial(self, limit: int) -> HeldTrial | None:
        """A trial that nobody does: one whose process is gone, else a new one; None if ``limit`` have been begun."""
        with self._alone():
            self._enqueue(limit)
            trials = self.study.get_trials(deepcopy=False)
            for trial in trials:
                if trial.state is TrialState.RUNNING and (held := self._hold(trial)) is not None:
                    return held
            if sum(trial.state is not TrialState.WAITING for trial in trials) >= limit:
                return None
            # By number, so that an interrupted search goes on as an uninterrupted one would have.
            number = min((t.number for t in trials if t.state is TrialState.WAITING), default=len(trials))
            self.study.sampler = optuna.samplers.TPESampler(
                seed=self.settings.sampler_seed * 100_003 + number, n_startup_trials=STARTUP_TRIALS, constant_liar=True
            )
            new = self.study.ask(self._distributions)
            held = self._hold(self._frozen(new.number))
            assert held is not None, 'nobody else has seen it'
            return held

    def complete(self, trial: HeldTrial, values: Sequence[float]) -> None:
        """Tell the value of each seed."""
        self._tell(trial, TrialState.COMPLETE, statistics.mean(values), values=list(values))

    def prune(self, trial: HeldTrial) -> None:
        """Tell that a trial was ended early."""
        last = max(self._frozen(trial.number).intermediate_values, default=0)
        self._tell(trial, TrialState.PRUNED, message=f'after validation {last}')

    def fail(self, trial: HeldTrial, message: str) -> None:
        """Tell that a trial could not be done."""
        self._tell(trial, TrialState.FAIL, message=message)

    def results(self) -> list[TrialResult]:
        """All trials that have begun, by number."""
        trials = self.study.get_trials(deepcopy=False)
        return [self._result(trial) for trial in trials if trial.state is not TrialState.WAITING]

    def importances(self) -> dict[str, float]:
        """How much of the variation of the value each parameter accounts for (fANOVA, Hutter et al. 2014).

        Empty where too few trials are complete, or all have the same value.
        """
        complete = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(complete) < 4 or len({trial.value for trial in complete}) < 2:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
            return optuna.importance.get_param_importances(self.study, evaluator=evaluator)

    def _enqueue(self, limit: int) -> None:
        """The config's own values, and the points of the space."""
        if self.study.user_attrs.get('begun'):
            return
        space = self.settings.space
        own = {name: nearest(parameter, parameter.own) for name, parameter in space.parameters.items()}
        points = [point for point in space.points if own | dict(point) != own][: limit // PART_OF_POINTS]
        for point in [{}, *points]:
            values = {name: nearest(space.parameters[name], value) for name, value in (own | dict(point)).items()}
            self.study.enqueue_trial(values, user_attrs={'point': dict(point)}, skip_if_exists=True)
        self.study.set_user_attr('begun', True)

    def _frozen(self, number: int) -> FrozenTrial:
        return next(trial for trial in self.study.get_trials(deepcopy=False) if trial.number == number)

    def _hold(self, trial: FrozenTrial) -> HeldTrial | None:
        hold = contextlib.ExitStack()
        try:
            hold.enter_context(sole_run(self.folder / 'trials' / str(trial.number), f'trial {trial.number}'))
        except FolderInUse:
            return None
        # It may have ended between two looks.
        if self._frozen(trial.number).state is not TrialState.RUNNING:
            hold.close()
            return None
        return HeldTrial(trial.number, self.settings.space.overrides(self._point(trial)), hold)

    def _tell(self, trial: HeldTrial, state: TrialState, value: float | None = None, **attributes: Any) -> None:
        told = Trial(self.study, self._frozen(trial.number)._trial_id)
        for name, said in attributes.items():
            told.set_user_attr(name, said)
        self.study.tell(trial.number, value, state=state)
        trial.hold.close()

    def _point(self, trial: FrozenTrial) -> dict[str, Any]:
        """Values by parameter: those that were asked for as they were said, others as the space rounds them."""
        if 'point' in trial.user_attrs:
            return dict(trial.user_attrs['point'])
        return {name: self.settings.space.parameters[name].rounded(value) for name, value in trial.params.items()}

    def _result(self, trial: FrozenTrial) -> TrialResult:
        point, attributes = self._point(trial), trial.user_attrs
        state = {TrialState.FAIL: 'failed'}.get(trial.state, trial.state.name.lower())
        value = trial.value if trial.state is TrialState.COMPLETE else None
        overrides = self.settings.space.overrides(point)
        message = attributes.get('message', '')
        return TrialResult(trial.number, state, value, attributes.get('values', ()), overrides, point, message)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time chooses trials; it takes milliseconds."""
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(sole_run(self.folder / 'trials', 'the choice of a trial'))
                    break
                except FolderInUse:
                    time.sleep(PAUSE)
            yield


def best_of(results: Sequence[TrialResult], maximise: bool) -> TrialResult | None:
    """The complete trial with the best value, the first of equal ones; None if none is complete.

    Example:
        >>> results = [TrialResult(n, 'complete', value, [], {}, {}) for n, value in enumerate([1.0, 3.0, 3.0])]
        >>> best_of(results, maximise=True).number
        1
    """
    complete = [result for result in results if result.value is not None]
    sign = -1 if maximise else 1
    return min(complete, key=lambda result: sign * (result.value or 0.0), default=None)


def distribution(parameter: Parameter) -> BaseDistribution:
    """Optuna's distribution of a parameter."""
    if parameter.values:
        return CategoricalDistribution(parameter.values)
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def nearest(parameter: Parameter, value: Any) -> Any:
    """The value of a parameter that is nearest to another one, which may lie outside.

    Example:
        >>> nearest(Parameter('tau', ('t',), low=0.1, high=1.0), 3.0), nearest(Parameter('n', ('n',), values=(1, 4)), 3)
        (1.0, 4)
    """
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if parameter.values:
        if value in parameter.values or number is None:
            return value if value in parameter.values else parameter.values[0]
        numbers = [other for other in parameter.values if isinstance(other, int | float)]
        return min(numbers, key=lambda other: abs(other - number)) if numbers else parameter.values[0]
    return parameter.low if number is None else min(max(float(number), parameter.low), parameter.high)
