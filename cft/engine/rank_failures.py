"""Which process of a job failed, told by those that notice it."""

import contextlib
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from torch import distributed
from torch.distributed.elastic.multiprocessing.errors import get_error_handler

from cft.errors import ConfigError, DataError

FAILED, WAITED = 'cft_failed', 'cft_waited'
# What a process that fails has to say arrives within this time.
SECONDS_FOR_NEWS = 3.0
Result = TypeVar('Result')


class RankLost(ConfigError):
    """Another process of the job failed or does not answer."""


def limit_waiting(seconds: float) -> None:
    """Let no process wait longer for another, in any group of processes that is made from now on.

    PyTorch's defaults are 30 minutes for gloo and 10 for NCCL. A group does not
    take over the limit of the job's own group, and hooks and libraries make
    groups without one.

    Example:
        >>> limit_waiting(600)  # doctest: +SKIP
    """
    limit = timedelta(seconds=seconds)
    distributed.distributed_c10d.default_pg_timeout = limit
    distributed.distributed_c10d.default_pg_nccl_timeout = limit  # type: ignore[attr-defined]  # torch has no public way


@contextlib.contextmanager
def named_rank_failures() -> Iterator[None]:
    """Let every process of a job end with the error of the one that failed.

    A process that fails by itself tells the others through the job's store,
    prints its rank and hands its error to torchrun, whose summary then names it.
    One whose communication fails asks what has happened: it raises
    :class:`RankLost` with the other's error, or with the ranks that gave no
    sign of life. A mistake that every process finds is printed once.

    Nothing happens in a single process.

    Raises:
        RankLost: Instead of the error of the communication.

    Example:
        >>> with named_rank_failures():
        ...     pass
    """
    try:
        yield
    except Exception as error:
        if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
            raise
        if is_communication_error(error):
            raise RankLost(_explain_loss(error)) from error
        _publish_failure(error)
        if isinstance(error, ConfigError):
            # The tools print the main process's mistakes; if it has none, this one is to be seen.
            if distributed.get_rank() == 0 or isinstance(error, DataError) or _wait_for(f'{FAILED}/0') is not None:
                raise
            raise DataError(f'rank {distributed.get_rank()}: {error}') from error
        get_error_handler().record_exception(error)
        sys.stderr.write(f'rank {distributed.get_rank()} failed: {_one_line(error)}; its traceback follows\n')
        sys.stderr.flush()
        raise


def is_communication_error(error: BaseException) -> bool:
    """Whether an error is that of gloo, NCCL or the store rather than of the program.

    Example:
        >>> is_communication_error(RuntimeError('[../gloo/transport/tcp/pair.cc:534] Connection closed by peer'))
        True
    """
    if isinstance(error, distributed.DistError):
        return True
    return isinstance(error, RuntimeError) and re.search(r'gloo/|\bNCCL\b|ProcessGroup', str(error)) is not None


def _explain_loss(error: BaseException) -> str:
    rank, ranks = distributed.get_rank(), distributed.get_world_size()
    _ask(lambda store: store.set(f'{WAITED}/{rank}', ''))
    failures: dict[int, str] = {}
    silent: list[int] = []
    end = time.monotonic() + SECONDS_FOR_NEWS
    while time.monotonic() < end and not failures:
        others = [other for other in range(ranks) if other != rank]
        failures = {other: news for other in others if (news := _get(f'{FAILED}/{other}')) is not None}
        silent = [other for other in others if other not in failures and _get(f'{WAITED}/{other}') is None]
        time.sleep(0.1)
    if failures:
        return '; '.join(f'rank {other} failed: {news}' for other, news in failures.items())
    names = ', '.join(map(str, silent))
    return (
        (f'no sign of life from rank {names} of {ranks}' if silent else 'the processes of the job lost each other')
        + f': it died, hangs, or lost the network ({_one_line(error)}). '
        'Look at what it printed last; env_cfg.dist_cfg.timeout is how long (s) the others wait'
    )


def _publish_failure(error: BaseException) -> None:
    _ask(lambda store: store.set(f'{FAILED}/{distributed.get_rank()}', _one_line(error)))


def _wait_for(key: str) -> str | None:
    end = time.monotonic() + SECONDS_FOR_NEWS
    while (value := _get(key)) is None and time.monotonic() < end:
        time.sleep(0.1)
    return value


def _get(key: str) -> str | None:
    return _ask(lambda store: store.get(key).decode() if store.check([key]) else None)


def _ask(
    question: Callable[[distributed.Store], Result],  # type: ignore[name-defined]  # torch defines it by condition
) -> Result | None:
    """An answer of the job's store; None if it is gone with the process that kept it."""
    answers: list[Result] = []

    def ask() -> None:
        with contextlib.suppress(RuntimeError):
            answers.append(question(distributed.distributed_c10d._get_default_store()))

    # A store whose process is stopped never answers.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS_FOR_NEWS)
    return answers[0] if answers else None


def _one_line(error: BaseException) -> str:
    kind = '' if isinstance(error, ConfigError) else f'{type(error).__name__}: '
    # A data loader's worker puts its traceback before the message.
    return kind + ' '.join(str(error).split('cft.errors.DataError: ')[-1].split())
