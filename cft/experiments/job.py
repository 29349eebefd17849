"""One run as it is handed to whoever does it: where it lies, what it gets from others, and what does it."""

import contextlib
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Literal

from mmengine.dist import get_rank, get_world_size, is_main_process

from cft.engine.sole_run import FolderInUse, sole_run
from cft.engine.stop_signals import TrainingStopped
from cft.errors import ConfigError

from .records import FILE, RunRecord
from .run import Run

LOG = 'run.log'
Work = Callable[[Run, Path, Mapping[str, Path]], RunRecord]


@dataclass(frozen=True)
class Job:
    """A run with its place.

    Attributes:
        run: What is done.
        fingerprint: Digest of what its result depends on.
        folder: Where it writes.
        work: ``'module:function'``, called as ``function(run, folder, inputs)``; it returns a :class:`RunRecord`.
        inputs: For each run that it needs the checkpoint, or the folder of a run without one.

    Example:
        >>> Job(Run('ce-0', 'ce/folder'), '0f', Path('runs/ce-0-0f'), 'my_module:my_work', inputs={}).finished
        False
    """

    run: Run
    fingerprint: str
    folder: Path
    work: str
    inputs: Mapping[str, Path]

    @property
    def finished(self) -> bool:
        """Whether its record is there."""
        return (self.folder / FILE).is_file()

    @property
    def log(self) -> Path:
        """What the run prints."""
        return self.folder / own_name(LOG)


@dataclass(frozen=True)
class Outcome:
    """How an attempt at a run ended.

    Attributes:
        name: Of the run.
        state: ``'held'``: another process does it; ``'killed'``: its process was ended by a signal; ``'stopped'``: as
            it was asked to, after saving.
        message: What failed, in one line.

    Example:
        >>> Outcome('ce-0', 'failed', 'no image data/a.png').state
        'failed'
    """

    name: str
    state: Literal['done', 'held', 'failed', 'killed', 'stopped']
    message: str = ''


def own_name(log: str) -> str:
    """The name of a log; other processes of a distributed job than the first have files of their own.

    Example:
        >>> own_name('run.log')
        'run.log'
    """
    rank = get_rank()
    return log.replace('.', f'_rank{rank}.') if rank else log


def perform(job: Job) -> Outcome:
    """Do a run and write its record, unless it is there or another process is at it.

    Example:
        >>> perform(job).state  # doctest: +SKIP
        'done'
    """
    name = job.run.name
    with contextlib.ExitStack() as stack:
        if is_main_process():
            try:
                stack.enter_context(sole_run(job.folder, f'run {name}'))
            except FolderInUse:
                return Outcome(name, 'held')
        if job.finished:
            return Outcome(name, 'done')
        try:
            _work(job)
        except TrainingStopped as stop:
            if get_world_size() > 1:
                raise
            return Outcome(name, 'stopped', str(stop.code))
        except Exception as error:
            # The processes of a job that has lost one of them cannot go on together.
            if get_world_size() > 1:
                raise
            traceback.print_exc()
            kind = '' if isinstance(error, ConfigError) else f'{type(error).__name__}: '
            return Outcome(name, 'failed', f'{kind}{" ".join(str(error).split())}')
    return Outcome(name, 'done')


def _work(job: Job) -> None:
    started, begun = datetime.now(timezone.utc).isoformat(timespec='seconds'), time.perf_counter()
    record = find_work(job.work)(job.run, job.folder, job.inputs)
    if is_main_process():
        replace(
            record,
            name=job.run.name,
            fingerprint=job.fingerprint,
            labels=dict(job.run.labels),
            seconds=round(time.perf_counter() - begun, 3),
            started=started,
        ).write(job.folder)


def find_work(name: str) -> Work:
    """The function that ``'module:function'`` names.

    Raises:
        ConfigError: If there is none.

    Example:
        >>> find_work('json:dumps').__name__
        'dumps'
    """
    module, _, function = name.partition(':')
    try:
        return getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f'work={name!r} names no function ({error}); write module:function') from error
