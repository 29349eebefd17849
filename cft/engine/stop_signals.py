"""Requests to stop, as schedulers and a terminal's Ctrl-C send them: by signal, to one process or to all."""

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import torch
from mmengine.dist import get_world_size
from torch import distributed
from torch.utils.data import DataLoader

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
# A launcher may pass on what its processes have received as well: that is one request, not two.
SECONDS_OF_ONE_REQUEST = 2.0


class TrainingStopped(SystemExit):
    """The run was asked to stop and has done so; the code tells whether it can be resumed."""


class StopSignals:
    """Remember that SIGTERM, SIGUSR1 or SIGINT has come; the next one, two seconds later, ends the process at once.

    SIGINT is left alone where it is ignored, as shells arrange it for what runs in the background.

    Example:
        >>> signals = StopSignals()
        >>> signals.install()
        >>> os.kill(os.getpid(), signal.SIGUSR1)
        >>> signals.received.name
        'SIGUSR1'
        >>> signals.restore()
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        """Handle the signals; only the main thread can, and in others nothing happens."""
        if threading.current_thread() is threading.main_thread():
            ignored = {signal.SIGINT} if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else set()
            self._before = {number: signal.signal(number, self._receive) for number in SIGNALS if number not in ignored}

    def restore(self) -> None:
        """Give the signals back to whoever handled them before; safe to call twice."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _receive(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.received is None:
            self.received, self._since = signal.Signals(number), now
        elif now - self._since >= SECONDS_OF_ONE_REQUEST:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


class Agreement:
    """All ranks learn at the same call whether any of them has been asked to stop.

    Each call sends this rank's answer and returns what all have said in the
    call before, which has travelled meanwhile: no call waits for the network,
    and GPUs are not involved.

    Example:
        >>> agreement = Agreement()
        >>> agreement.any(True)
        True
    """

    def __init__(self) -> None:
        # NCCL would need the GPU; a group of its own keeps the order of other collectives.
        self._group = distributed.new_group(backend='gloo') if get_world_size() > 1 else None
        self._pending: tuple[distributed.Work, torch.Tensor] | None = None

    def any(self, asked: bool) -> bool:
        """Whether any rank has said so in the call before; in a single process in this call."""
        if self._group is None:
            return asked
        before, flag = self._pending, torch.tensor(int(asked))
        self._pending = self._reduce(flag), flag
        if before is None:
            return False
        before[0].wait()
        return bool(before[1])

    def all_now(self, value: bool) -> bool:
        """Whether all ranks say so; waits for all of them."""
        if self._group is None:
            return value
        flag = torch.tensor(int(not value))
        self._reduce(flag).wait()
        return not flag

    def same_now(self, number: int) -> bool:
        """Whether all ranks have the same number; waits for all of them."""
        if self._group is None:
            return True
        bounds = torch.tensor([number, -number])
        self._reduce(bounds).wait()
        return bool(bounds[0] == -bounds[1])

    def close(self) -> None:
        """Leave the group of processes; all ranks do so after the same call."""
        if self._group is not None:
            if self._pending is not None:
                self._pending[0].wait()
            distributed.destroy_process_group(self._group)
            self._group = self._pending = None

    def _reduce(self, flag: torch.Tensor) -> distributed.Work:
        return distributed.all_reduce(flag, distributed.ReduceOp.MAX, self._group, async_op=True)


def shield_workers(dataloader: DataLoader) -> None:
    """Let worker processes of a data loader outlive signals that a scheduler or a terminal sends to every process.

    The main process ends them when it stops. Without this, it would fail for
    lack of data before it has saved anything.
    """
    init = dataloader.worker_init_fn
    if getattr(init, 'func', None) is not _init_worker:
        dataloader.worker_init_fn = partial(_init_worker, init)


def _init_worker(init: Callable[[int], None] | None, worker_id: int) -> None:
    # Only Linux tells who has sent a signal.
    if hasattr(signal, 'sigwaitinfo'):
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=_obey_parent, daemon=True).start()
    else:
        # Nothing but the main process's SIGTERM ends them.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if init is not None:
        init(worker_id)


def _obey_parent() -> None:
    """Wait for the main process to end a worker that hangs."""
    while signal.sigwaitinfo(SIGNALS).si_pid != os.getppid():
        pass
    os._exit(0)
