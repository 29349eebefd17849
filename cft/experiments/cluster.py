"""Runs as jobs of a cluster, or of a pool of processes, through submitit."""

import contextlib
import json
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cft.engine.run_cost import cpu_count
from cft.errors import ConfigError
from cft.files import write_atomically

from .job import Job, Outcome, perform
from .local_workers import import_path
from .printing import print_to

FOLDER = 'submitit'
# Of submitit's own; all others are those of sbatch.
GENERAL = ('timeout_min', 'mem_gb', 'nodes', 'cpus_per_task', 'gpus_per_node', 'tasks_per_node', 'name')
# submitit's default are two minutes.
A_WEEK = 7 * 24 * 60
SECONDS_BETWEEN_LOOKS = 0.2
# A file system over the network shows an answer after the job is gone.
SECONDS_OF_DELAY = 30.0


class Submitit:
    """Do each run as a job; those that can begin together are one array of Slurm.

    The process that executes the plan waits for them and submits what depends
    on them. If it is killed, the jobs go on, and the next start takes their
    results. A job that Slurm takes away early, or at the end of its time, is
    queued again and resumes from its newest checkpoint.

    Args:
        cluster: ``'slurm'``, or ``'local'`` for processes of this machine.
        width: How many jobs are submitted at a time; None for 64, on this machine one per core.
        **parameters: Such as ``partition='gpu', time=240, gpus_per_node=1`` (minutes), named as Slurm or submitit
            names them.

    Raises:
        ConfigError: If there is no such cluster here, or no such parameter.

    Example:
        >>> with Submitit('slurm', partition='gpu', time=240, gpus_per_node=1) as executor:  # doctest: +SKIP
        ...     execute(plan, Path('work_dirs/table'), 'cft.apis.experiments.runs:train_and_measure', executor)
    """

    def __init__(self, cluster: str = 'slurm', width: int | None = None, **parameters: Any) -> None:
        self.cluster = cluster
        self.width = width or (64 if cluster == 'slurm' else cpu_count())
        self.parameters: dict[str, Any] = {} if cluster == 'slurm' else {'timeout_min': A_WEEK}
        for name, value in parameters.items():
            own = cluster != 'slurm' or name in GENERAL or name.startswith('slurm_')
            self.parameters[name if own else f'slurm_{name}'] = value
        self._running: dict[str, _Submitted] = {}
        # What is wrong shows before anything is submitted.
        with tempfile.TemporaryDirectory() as folder:
            self._submitter(Path(folder))

    def start(self, jobs: Sequence[Job]) -> None:
        """Submit jobs, which lie in the folder of one plan."""
        folder = jobs[0].folder.parents[1] / FOLDER
        submitter = self._submitter(folder)
        calls = [_Call(job, folder / f'{uuid.uuid4().hex}.json') for job in jobs]
        with _environment(), submitter.batch() if len(calls) > 1 else contextlib.nullcontext():
            submitted = [submitter.submit(call) for call in calls]
        for call, handle in zip(calls, submitted, strict=True):
            self._running[call.job.run.name] = _Submitted(handle, call.answer)

    def wait(self, seconds: float) -> list[Outcome]:
        """How those jobs ended that have ended."""
        deadline = time.monotonic() + seconds
        while True:
            ended = [outcome for name, one in self._running.items() if (outcome := one.look(name)) is not None]
            for outcome in ended:
                del self._running[outcome.name]
            if ended or not self._running or time.monotonic() >= deadline:
                return ended
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def stop(self) -> None:
        """Take the jobs away; each gets SIGTERM, saves and leaves."""
        for one in self._running.values():
            if self.cluster == 'local':
                # Its own way of cancelling leaves a second for saving.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(one.handle.job_id), signal.SIGTERM)
            else:
                one.handle.cancel()
        while self.cluster == 'local' and not all(one.handle.done() for one in self._running.values()):
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self._running = {}

    def __enter__(self) -> 'Submitit':
        return self

    def __exit__(self, *error: object) -> None:
        """Take away what still runs."""
        self.stop()

    def _submitter(self, folder: Path) -> Any:
        import submitit

        try:
            submitter = submitit.AutoExecutor(folder, cluster=self.cluster)
            submitter.update_parameters(**self.parameters)
        except (ValueError, RuntimeError, NameError, AssertionError, TypeError) as error:
            raise ConfigError(f'{self.cluster} takes no jobs: {" ".join(str(error).split())}') from error
        return submitter


@dataclass(frozen=True)
class _Call:
    """What a job calls; how it ended is written as JSON, so that no result is unpickled."""

    job: Job
    answer: Path

    def __call__(self) -> None:
        print_to(self.job.log)
        write_atomically(self.answer, json.dumps(asdict(perform(self.job))).encode())

    def checkpoint(self) -> Any:
        """What is queued again when the job's time is up."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


@dataclass
class _Submitted:
    handle: Any
    answer: Path
    ended: float | None = None

    def look(self, name: str) -> Outcome | None:
        over = self.handle.done()
        if self.answer.is_file():
            outcome = Outcome(**json.loads(self.answer.read_text()))
            self.answer.unlink()
            return outcome
        if not over:
            return None
        self.ended = self.ended or time.monotonic()
        if self.handle.state not in ('FINISHED', 'INTERRUPTED') and time.monotonic() - self.ended < SECONDS_OF_DELAY:
            return None
        return Outcome(name, 'killed', f'its job {self.handle.job_id} ended without an answer ({self.handle.state})')


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Let jobs find the modules that this process finds; they take its environment."""
    before = os.environ.get('PYTHONPATH')
    os.environ['PYTHONPATH'] = import_path()
    try:
        yield
    finally:
        if before is None:
            del os.environ['PYTHONPATH']
        else:
            os.environ['PYTHONPATH'] = before
