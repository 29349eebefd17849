"""Do those runs of a plan that are not finished, on one executor or on several that share the plan."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from mmengine.dist import broadcast_object_list, get_world_size, is_main_process

from cft.engine.sole_run import is_in_use
from cft.engine.stop_signals import StopSignals, TrainingStopped
from cft.errors import ConfigError
from cft.files import require_writable

from .executor import Executor
from .fingerprint import DIGITS, fingerprints
from .job import LOG, Job, Outcome
from .plan import Plan
from .progress import PlanProgress, TimeLeft
from .records import RUNS, RunRecord
from .run import Run

# Between two looks at runs that another process does.
PAUSE = 0.5
# A process that something has killed, such as the machine for lack of memory, is given another chance.
ATTEMPTS = 2
T = TypeVar('T')


class RunsFailed(ConfigError):
    """Some runs of a plan have failed; all others are finished.

    Args:
        message: What the user reads.
        failed: Of each run that failed, by name, why.
        records: Of the runs that are finished.

    Example:
        >>> raise RunsFailed('1 of 2 runs failed: scl-0', {'scl-0': 'the loss is infinite'})
        Traceback (most recent call last):
        ...
        cft.experiments.execution.RunsFailed: 1 of 2 runs failed: scl-0
    """

    def __init__(
        self, message: str, failed: Mapping[str, str] | None = None, records: Sequence[RunRecord] = ()
    ) -> None:
        super().__init__(message)
        self.failed = dict(failed or {})
        self.records = list(records)


def execute(
    plan: Plan,
    folder: str | Path,
    work: str,
    executor: Executor,
    progress: PlanProgress | None = None,
    facts: Mapping[str, Any] | None = None,
) -> list[RunRecord]:
    """Do what is not finished of a plan, and return the records of all of it.

    A run lies in ``folder/runs/<name>-<first digits of its fingerprint>``; with
    its record there, it is finished, and its result is taken whatever it is
    called now. An interrupted plan goes on with the same call. Several
    processes, also on several machines with one disk, may execute the same plan
    at the same time: each run is done by one of them, and all return the same.

    Args:
        plan: The runs.
        folder: Of the experiment; several plans may share it, and with it the runs that are equal.
        work: ``'module:function'`` of a function ``(run, folder, inputs)`` that returns a :class:`RunRecord`, where
            ``inputs`` has, for the name of each run that is needed, the path of its checkpoint.
        executor: Stays open.
        progress: Where to show how far it is; None for standard output.
        facts: As of :func:`cft.experiments.fingerprints`.

    Returns:
        The records in the order in which the plan was given.

    Raises:
        RunsFailed: At the end, with each run that failed and its log.
        TrainingStopped: A ``SystemExit`` with code 75, after SIGTERM, SIGINT or SIGUSR1, when the running ones have
            saved.

    Example:
        >>> with LocalWorkers(2) as executor:  # doctest: +SKIP
        ...     records = execute(Plan(runs), Path('work_dirs/table'), 'my_package.my_module:my_work', executor)
    """
    folder = Path(folder)
    if is_main_process():
        require_writable(folder / RUNS)
    state = _State(plan, folder, work, facts or {}, TimeLeft(executor.width))
    own = progress is None
    progress = progress or PlanProgress()
    progress.expect(len(plan), folder / RUNS / 'NAME' / LOG)
    signals = StopSignals()
    signals.install()
    try:
        while state.left:
            if _agreed(signals.received is not None):
                executor.stop()
                raise _stopped(os.EX_TEMPFAIL, progress)
            _take_known(state, progress)
            jobs = _agreed(state.startable(executor.width - len(state.running)))
            for job in jobs:
                state.running[job.run.name] = job
                progress.begin(job)
            if jobs:
                executor.start(jobs)
            elif state.left and not state.running:
                time.sleep(PAUSE)
            for outcome in _agreed(executor.wait(PAUSE)):
                _take(outcome, state, progress)
            progress.refresh(state.seconds_left(progress))
    finally:
        signals.restore()
        if own:
            progress.close()
    if state.failed:
        message = '\n'.join([f'{len(state.failed)} of {len(plan)} runs failed:', *state.failed.values()])
        raise RunsFailed(message, state.failed, [*state.records.values()])
    return [state.records[name] for name in plan.by_name]


@dataclass
class _State:
    plan: Plan
    folder: Path
    work: str
    facts: Mapping[str, Any]
    time_left: TimeLeft
    left: dict[str, Run] = field(init=False)
    prints: dict[str, str] = field(init=False)
    places: dict[str, Path] = field(init=False)
    records: dict[str, RunRecord] = field(default_factory=dict)
    running: dict[str, Job] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = {run.name: run for run in self.plan}
        self.prints = fingerprints(self.plan, self.work, self.facts)
        # Under another name, if a run was called otherwise when it began.
        there = {path.name[-DIGITS:]: path for path in sorted((self.folder / RUNS).glob('*-*'), reverse=True)}
        self.places = {}
        for name, fingerprint in self.prints.items():
            digits = fingerprint[:DIGITS]
            own = self.folder / RUNS / f'{name}-{digits}'
            self.places[name] = own if own.is_dir() else there.setdefault(digits, own)

    def job(self, run: Run) -> Job:
        """A run whose needs are finished."""
        inputs = {name: self.places[name] / (self.records[name].checkpoint or '') for name in run.needs}
        return Job(run, self.prints[run.name], self.places[run.name], self.work, inputs)

    def ready(self) -> list[Job]:
        """The runs that could begin or be taken now, in the order of the plan."""
        return [
            self.job(run)
            for name, run in self.left.items()
            if name not in self.running and all(need in self.records for need in run.needs)
        ]

    def startable(self, number: int) -> list[Job]:
        """Up to so many of them that nobody does."""
        jobs: list[Job] = []
        if not is_main_process():
            return jobs
        places = {job.folder for job in self.running.values()}
        for job in self.ready():
            if len(jobs) >= number:
                break
            if job.folder not in places and not is_in_use(job.folder):
                jobs.append(job)
                places.add(job.folder)
        return jobs

    def seconds_left(self, progress: PlanProgress) -> float | None:
        """Seconds that the rest will take, if they can be told."""
        return self.time_left.seconds({name: run.config for name, run in self.left.items()}, progress.running())


def _take_known(state: _State, progress: PlanProgress) -> None:
    """Take the records that are there, until no further run can begin for that."""
    while found := _agreed([job.run.name for job in state.ready() if job.finished] if is_main_process() else []):
        for name in found:
            record = _finish(name, state)
            progress.known(record)


def _take(outcome: Outcome, state: _State, progress: PlanProgress) -> None:
    name = outcome.name
    job = state.running.pop(name)
    if outcome.state == 'done':
        record = _finish(name, state)
        progress.end(record, state.seconds_left(progress))
    elif outcome.state == 'stopped':
        raise _stopped(int(outcome.message), progress)
    elif outcome.state == 'held':
        progress.put_back(name)
    else:
        state.attempts[name] = state.attempts.get(name, 0) + 1
        if outcome.state == 'killed' and state.attempts[name] < ATTEMPTS:
            progress.put_back(name)
            progress.say(f'{name}: {outcome.message}; it is tried once more')
            return
        _fail(name, outcome.message, f'{name}: {outcome.message} (log: {job.log})', state, progress)


def _stopped(code: int, progress: PlanProgress) -> TrainingStopped:
    progress.say('stopped, as asked to; the same command goes on')
    return TrainingStopped(code)


def _finish(name: str, state: _State) -> RunRecord:
    """The record of a run under its present name and labels, which are written down if they are new."""
    run = state.left.pop(name)
    place = state.places[name]
    found = RunRecord.read(place)
    record = replace(found, name=name, labels=dict(run.labels))
    owner = place.name[: -DIGITS - 1]
    # Two runs of a plan may be the same; the one that the folder is named after names the record.
    if is_main_process() and record != found and (owner == name or owner not in state.plan.by_name):
        record.write(place)
    state.records[name] = record
    state.time_left.learn(run.config, record.seconds)
    return record


def _fail(name: str, short: str, long: str, state: _State, progress: PlanProgress) -> None:
    """A run and all that need it."""
    del state.left[name]
    state.failed[name] = long
    progress.fail(name, short)
    for other in [run.name for run in state.left.values() if name in run.needs]:
        if other in state.left:
            _fail(other, f'it needs {name}', f'{other}: it needs {name}, which failed', state, progress)


def _agreed(value: T) -> T:
    """What the first process of a distributed job says, in all of them."""
    if get_world_size() == 1:
        return value
    values: list[Any] = [value]
    broadcast_object_list(values)
    return values[0]
