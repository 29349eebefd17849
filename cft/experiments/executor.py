"""What does runs: in this process, in workers, on a cluster."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

from .job import Job, Outcome


class Executor(Protocol):
    """Does jobs and tells how they ended; held open by ``with`` across several plans.

    Example:
        >>> from cft.experiments import InProcess
        >>> with InProcess() as executor:
        ...     executor.width
        1
    """

    @property
    def width(self) -> int:
        """How many runs it does at a time."""
        ...

    def start(self, jobs: Sequence[Job]) -> None:
        """Begin with jobs, no more than are free."""
        ...

    def wait(self, seconds: float) -> list[Outcome]:
        """How those jobs ended that have ended; waits for the first one, up to so long."""
        ...

    def stop(self) -> None:
        """Ask the running jobs to save and leave, and wait until they have."""
        ...

    def __enter__(self) -> 'Executor': ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
