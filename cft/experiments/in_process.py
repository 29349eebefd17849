"""One run after the other, in the process that asks for them."""

from collections.abc import Sequence

from .job import Job, Outcome, perform
from .printing import printed_to


class InProcess:
    """Do runs here, one at a time. Under a launcher every process of the job executes the plan, each run together.

    What a run prints goes to ``run.log`` in its folder.

    Example:
        >>> with InProcess() as executor:  # doctest: +SKIP
        ...     execute(plan, Path('work_dirs/table'), 'cft.apis.experiments.runs:train_and_measure', executor)
    """

    width = 1

    def __init__(self) -> None:
        self._ended: list[Outcome] = []

    def start(self, jobs: Sequence[Job]) -> None:
        """Do the jobs."""
        for job in jobs:
            with printed_to(job.log):
                self._ended.append(perform(job))

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
