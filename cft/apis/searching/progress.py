"""Show the trials of a search while several processes do them."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cft.engine.trial_storage import FILE as STUDY_FILE
from cft.experiments import PlanProgress, RunRecord
from cft.experiments.job import Job

if TYPE_CHECKING:
    from cft.experiments.studies import SharedStudy, TrialResult


class SearchProgress(PlanProgress):
    """Shows the trials of a search instead of the processes that do them."""

    def __init__(self, study: 'SharedStudy', trials: int, stream: TextIO | None) -> None:
        super().__init__(stream)
        self.total = trials
        self.study = study
        self._journal = study.folder / STUDY_FILE
        self._seen: set[int] = set()
        self._size = -1
        self.look(was_there=True)

    def look(self, was_there: bool = False) -> None:
        """Tell of the trials that have ended since."""
        size = self._journal.stat().st_size
        if size == self._size:
            return
        self._size = size
        from cft.experiments.studies import best_of

        results = self.study.results()
        for result in results:
            if result.state == 'running' or result.number in self._seen:
                continue
            self._seen.add(result.number)
            self.done += 1
            best = best_of([r for r in results if r.number in self._seen], self.study.settings.maximise)
            told = describe_trial(result) + (f'; best: trial {best.number}, {best.value:.2f}' if best else '')
            self.say(f'[{self.done}/{self.total}] {told}{" (was there)" if was_there else ""}')
        if self.bar is not None:
            self.bar.update(self.task, completed=self.done)

    def refresh(self, left: float | None) -> None:
        self.look()
        if self.bar is not None:
            running = [result.number for result in self.study.results() if result.state == 'running']
            self.bar.update(self.task, description=f'trials {", ".join(map(str, running))}', eta=self._eta())

    def expect(self, total: int, logs: str | Path) -> None:
        """The trials are counted, not the processes that do them."""
        if self.bar is not None:
            self.bar.update(self.task, total=self.total, completed=self.done)
        left = self.total - self.done
        self.say(f'{left} trial{"s" * (left != 1)} to do; what each prints is in {self.study.folder}/runs/NAME/run.log')

    def begin(self, job: Job) -> None:
        """A searcher begins; its trials will be told."""

    def end(self, record: RunRecord, left: float | None) -> None:
        """A searcher has nothing left to do."""

    def known(self, record: RunRecord) -> None:
        """A searcher was there."""

    def _eta(self) -> str:
        spent = time.perf_counter() - self.started
        return f'about {spent / self.done * (self.total - self.done):.0f} s left' if self.done else ''


def describe_trial(result: 'TrialResult') -> str:
    """A trial in one line.

    Example:
        >>> from cft.experiments.studies import TrialResult
        >>> describe_trial(TrialResult(3, 'complete', 91.0, [91.0], {}, {'tau': 0.1}))
        'trial 3: 91.00 with tau 0.1'
    """
    point = ', '.join(
        f'{name} {value:.4g}' if isinstance(value, float) else f'{name} {value}' for name, value in result.point.items()
    )
    what = f'{result.value:.2f}' if result.value is not None else result.state
    message = f' ({result.message})' if result.message else ''
    return f'trial {result.number}: {what}{message} with {point or "the values of the config"}'
