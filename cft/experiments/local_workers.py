"""Several runs at a time on this machine: one long-lived process per GPU, or per group of cores."""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

import torch

from cft.engine.run_cost import cpu_count
from cft.errors import ConfigError

from .job import Job, Outcome

# A worker that dies closes its connection, but not while processes that it has started hold it.
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass
class _Worker:
    process: subprocess.Popen
    connection: Connection
    job: Job | None = None


class LocalWorkers:
    """Do runs in processes of this machine, each of which imports once and does many runs.

    With GPUs each worker sees one of them; on CPUs the cores are divided into
    threads of the workers. A worker that dies is replaced by the next run. The
    workers stay for the next plan until the executor is closed. What a run
    prints goes to ``run.log`` in its folder.

    Args:
        count: Number of workers; None for one per GPU or, without GPUs, one per core. More workers than GPUs share
            them in turn.

    Raises:
        ConfigError: If ``count`` is not at least 1.

    Example:
        >>> with LocalWorkers(2) as executor:  # doctest: +SKIP
        ...     execute(plan, Path('work_dirs/table'), 'cft.apis.experiments.runs:train_and_measure', executor)
    """

    def __init__(self, count: int | None = None) -> None:
        devices = visible_devices()
        count = (len(devices) or cpu_count()) if count is None else count
        if count < 1:
            raise ConfigError(f'there must be at least 1 worker, got {count}')
        self.environments = environments(count, devices, cpu_count())
        self._workers: list[_Worker | None] = [None] * count

    @property
    def width(self) -> int:
        """Number of workers."""
        return len(self._workers)

    def start(self, jobs: Sequence[Job]) -> None:
        """Hand each job to a free worker."""
        free = [index for index, worker in enumerate(self._workers) if worker is None or worker.job is None]
        for index, job in zip(free[: len(jobs)], jobs, strict=True):
            worker = self._workers[index]
            if worker is None or worker.process.poll() is not None:
                worker = self._workers[index] = self._begin(index)
            worker.job = job
            # One that has just died is told by the next look.
            with contextlib.suppress(OSError):
                worker.connection.send(job)

    def wait(self, seconds: float) -> list[Outcome]:
        """How those jobs ended that have ended."""
        busy = [(index, worker) for index, worker in enumerate(self._workers) if worker and worker.job]
        wait([worker.connection for _, worker in busy], min(seconds, SECONDS_BETWEEN_LOOKS) if busy else 0)
        return [outcome for index, worker in busy if (outcome := self._look(index, worker)) is not None]

    def stop(self) -> None:
        """Ask the running jobs to save and leave, and wait until they have; the others leave at once."""
        workers = [worker for worker in self._workers if worker]
        for worker in workers:
            worker.process.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.connection.close()
            worker.process.wait()
        self._workers = [None] * len(self._workers)

    def __enter__(self) -> 'LocalWorkers':
        return self

    def __exit__(self, *error: object) -> None:
        """End the workers."""
        self.stop()

    def _look(self, index: int, worker: _Worker) -> Outcome | None:
        assert worker.job is not None, 'it is busy'
        name, dead = worker.job.run.name, worker.process.poll() is not None
        try:
            if worker.connection.poll():
                outcome = worker.connection.recv()
                worker.job = None
                return outcome
        except (EOFError, OSError):
            dead = True
        if not dead:
            return None
        code = worker.process.wait()
        worker.connection.close()
        self._workers[index] = None
        if code < 0:
            return Outcome(name, 'killed', f'its process was ended by {signal.Signals(-code).name}')
        return Outcome(name, 'failed', f'its process ended with exit code {code}')

    def _begin(self, index: int) -> _Worker:
        own, theirs = multiprocessing.Pipe()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, '-m', 'cft.experiments.worker', str(theirs.fileno())],
                env={**os.environ, **self.environments[index], 'PYTHONPATH': import_path()},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                # A terminal's Ctrl-C is for the process that asks them to stop.
                start_new_session=True,
            )
        return _Worker(process, own)


def environments(count: int, devices: Sequence[str], cores: int) -> list[dict[str, str]]:
    """The environment variables that divide a machine among workers.

    Args:
        count: Number of workers.
        devices: Names of its GPUs; a worker gets one.
        cores: Number of its cores; a worker gets an equal number of threads, at least 1.

    Example:
        >>> environments(2, [], cores=4)[1]
        {'OMP_NUM_THREADS': '2', 'MKL_NUM_THREADS': '2'}
        >>> environments(2, ['0', '1'], cores=1)[1]
        {'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': '1'}
    """
    threads = str(max(1, cores // count))
    shared = {'OMP_NUM_THREADS': threads, 'MKL_NUM_THREADS': threads}
    return [
        {**shared, **({'CUDA_VISIBLE_DEVICES': devices[index % len(devices)]} if devices else {})}
        for index in range(count)
    ]


def visible_devices() -> list[str]:
    """Names of the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` has them."""
    count = torch.cuda.device_count()
    named = [name for name in os.environ.get('CUDA_VISIBLE_DEVICES', '').split(',') if name]
    return named[:count] or [str(index) for index in range(count)]


def import_path() -> str:
    """``PYTHONPATH`` for processes that shall find the modules that this one finds."""
    return os.pathsep.join(path or os.getcwd() for path in sys.path)
