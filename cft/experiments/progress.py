"""How far a plan is: a line for each run that is going on and the time that is left; elsewhere plain lines."""

import re
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from cft.engine.run_cost import in_time
from cft.engine.series_progress import SeriesProgress

from .job import Job
from .records import RunRecord

# Of a run's log as much as holds its newest line.
TAIL = 4000
POSITION = re.compile(r'(?:Epoch|Iter)\((?:train|val|test)\)\s*(?:\[\s*\d+\])?\s*\[\s*\d+/\d+\]')


class PlanProgress(SeriesProgress):
    """Shows the runs of a plan.

    Args:
        stream: Where; None for standard output.

    Example:
        >>> progress = PlanProgress()
        >>> progress.expect(2, 'runs/NAME/run.log')
        2 runs; what each prints is in runs/NAME/run.log
        >>> progress.known(RunRecord('ce-0', '0f', 'ce/folder', metrics={'val': {'accuracy/top1': 91.0}}))
        [1/2] ce-0: val accuracy/top1 91.00 (was there)
        >>> progress.close()
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(0, stream)
        self._begun: dict[str, tuple[Job, float]] = {}
        self._lines: dict[str, Any] = {}

    def expect(self, total: int, logs: str | Path) -> None:
        """A plan of so many runs begins, another one than before."""
        self.done, self.total = 0, total
        if self.bar is not None:
            self.bar.update(self.task, total=total, completed=0)
        self.say(f'{total} run{"s" * (total != 1)}; what each prints is in {logs}')

    def known(self, record: RunRecord) -> None:
        """A run is finished that nothing had to be done for."""
        self._count(record)
        self.say(f'[{self.done}/{self.total}] {describe(record)} (was there)')

    def begin(self, job: Job) -> None:
        """A run begins."""
        self._begun[job.run.name] = job, time.perf_counter()
        if self.bar is None:
            self.now(job.run.name)
        else:
            self._lines[job.run.name] = self.bar.add_task(job.run.name, total=None, eta='')

    def end(self, record: RunRecord, left: float | None) -> None:
        """A run is finished, and the rest will take so many seconds, if that can be told."""
        self._forget(record.name)
        self._count(record)
        rest = f'; about {in_time(left)} left' if left else ''
        self.say(f'[{self.done}/{self.total}] {describe(record)} ({in_time(record.seconds)}){rest}')

    def fail(self, name: str, message: str) -> None:
        """A run has failed, or cannot be done."""
        self._forget(name)
        self.advance()
        self.say(f'[{self.done}/{self.total}] {name} failed: {message}')

    def put_back(self, name: str) -> None:
        """A run goes on elsewhere, or will be tried again."""
        self._forget(name)

    def running(self) -> dict[str, float]:
        """For how many seconds the runs have been going on that are."""
        return {name: time.perf_counter() - begun for name, (_, begun) in self._begun.items()}

    def refresh(self, left: float | None) -> None:
        """Show how far the runs are, and the seconds that the rest will take."""
        if self.bar is None:
            return
        for name, line in self._lines.items():
            self.bar.update(line, description=f'{name}  {log_position(self._begun[name][0].log)}')
        eta = f'about {in_time(left)} left' if left else ''
        self.bar.update(self.task, description='all runs', completed=self.done, eta=eta)

    def _count(self, record: RunRecord) -> None:
        self.done += 1
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done)

    def _forget(self, name: str) -> None:
        self._begun.pop(name, None)
        line = self._lines.pop(name, None)
        if line is not None and self.bar is not None:
            self.bar.remove_task(line)


def describe(record: RunRecord) -> str:
    """A run and the first metric of each split.

    Example:
        >>> describe(RunRecord('ce-0', '0f', 'ce/folder', metrics={'test': {'accuracy/top1': 91.0, 'nll': 0.3}}))
        'ce-0: test accuracy/top1 91.00'
    """
    firsts = [(split, *next(iter(metrics.items()))) for split, metrics in record.metrics.items() if metrics]
    told = ', '.join(f'{split} {metric} {value:.2f}' for split, metric, value in firsts)
    return f'{record.name}: {told}' if told else record.name


def log_position(log: Path) -> str:
    """How far a run is by its log, such as ``Iter(train) [40/80]``; empty if the log does not say.

    Example:
        >>> log_position(Path('no/such/log'))
        ''
    """
    try:
        with log.open('rb') as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            found = POSITION.findall(file.read().decode(errors='replace'))
    except OSError:
        return ''
    return ' '.join(found[-1].split()) if found else ''


class TimeLeft:
    """How long the rest of a plan takes, by what finished runs of the same config took.

    Args:
        width: How many runs go on at a time.

    Example:
        >>> left = TimeLeft(width=2)
        >>> left.learn('ce/folder', 10.0)
        >>> left.seconds({'ce-1': 'ce/folder', 'scl-0': 'scl/folder'}, running={'ce-1': 4.0})
        8.0
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._seconds: dict[str, list[float]] = {}

    def learn(self, config: str, seconds: float) -> None:
        """A run of a config took so long."""
        self._seconds.setdefault(config, []).append(seconds)

    def seconds(self, configs: Mapping[str, str], running: Mapping[str, float]) -> float | None:
        """Seconds that runs will take; None before the first one is finished.

        Args:
            configs: Of all runs that are not finished, by name.
            running: For how long those have been going on that are.
        """
        if not self._seconds:
            return None
        overall = statistics.mean(value for values in self._seconds.values() for value in values)
        total = 0.0
        for name, config in configs.items():
            expected = statistics.mean(self._seconds.get(config, [overall]))
            total += max(expected - running.get(name, 0.0), 0.0)
        return total / min(self.width, max(len(configs), 1))
