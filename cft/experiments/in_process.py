"""One run after the other, in the process that asks for them."""

import contextlib
import io
import sys
from collections.abc import Sequence
from typing import TextIO

from .job import Job, Outcome, perform


class InProcess:
    """Do runs here, one at a time. Under a launcher every process of the job executes the plan, each run together.

    What a run prints goes to ``run.log`` in its folder.

    Example:
        >>> with InProcess() as executor:  # doctest: +SKIP
        ...     execute(plan, Path('work_dirs/table'), 'cft.apis.experiments:train_and_measure', executor)
    """

    width = 1

    def __init__(self) -> None:
        self._ended: list[Outcome] = []

    def start(self, jobs: Sequence[Job]) -> None:
        """Do the jobs."""
        for job in jobs:
            job.folder.mkdir(parents=True, exist_ok=True)
            stream = _Redirected(sys.stdout)
            with open(job.log, 'a', buffering=1) as log:
                stream.target = log
                with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
                    try:
                        self._ended.append(perform(job))
                    finally:
                        # Loggers that the run has made may speak later.
                        stream.target = sys.__stderr__ or io.StringIO()

    def wait(self, seconds: float) -> list[Outcome]:
        """How they ended, at once."""
        ended, self._ended = self._ended, []
        return ended

    def stop(self) -> None:
        """Nothing runs between two calls."""

    def __enter__(self) -> 'InProcess':
        return self

    def __exit__(self, *error: object) -> None:
        """There is nothing to close."""


class _Redirected(io.TextIOBase):
    """A stream that can be turned elsewhere when others hold it already."""

    def __init__(self, target: TextIO) -> None:
        self.target = target

    def write(self, text: str, /) -> int:
        return self.target.write(text)

    def flush(self) -> None:
        self.target.flush()

    def writable(self) -> bool:
        return True
