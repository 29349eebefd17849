"""Two real processes over gloo: how a test starts them, and how its worker runs cases on both."""

import os
import runpy
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import wait
from pathlib import Path

import torch
import torch.distributed as dist

from cft.apis import leave_process_group
from tests.support.forked import launcher

REPOSITORY = Path(__file__).resolve().parents[2]


def start(worker: str, *arguments: object, timeout: float = 180) -> subprocess.CompletedProcess[str]:
    """Run a worker once, on two processes: ``start('tests.distributed.gather_worker')``.

    As under torchrun, the other process is ended when one has failed.
    """
    command = [worker, *map(str, arguments)]
    with tempfile.NamedTemporaryFile('r', suffix='.txt') as log:
        port = _free_port()
        processes = [launcher().Process(target=_run, args=(command, log.name, _place(rank, port))) for rank in range(2)]
        for process in processes:
            process.start()
        deadline = time.monotonic() + timeout
        while any(process.is_alive() for process in processes):
            wait([process.sentinel for process in processes if process.is_alive()], deadline - time.monotonic())
            late = time.monotonic() > deadline
            if late or any(process.exitcode for process in processes):
                for process in processes:
                    process.kill()
            if late:
                raise subprocess.TimeoutExpired(command, timeout, log.read())
        code = int(any(process.exitcode for process in processes))
        return subprocess.CompletedProcess(command, code, log.read())


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return free.getsockname()[1]


def _place(rank: int, port: int) -> dict[str, str]:
    """Environment of a rank."""
    place = {'RANK': rank, 'LOCAL_RANK': rank, 'WORLD_SIZE': 2, 'LOCAL_WORLD_SIZE': 2}
    place |= {'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': port, 'OMP_NUM_THREADS': 1, 'CUDA_VISIBLE_DEVICES': ''}
    return dict(os.environ) | {name: str(value) for name, value in place.items()}


def _run(command: list[str], log: str, environment: dict[str, str]) -> None:
    """In the new process: ``python -m WORKER ARGUMENTS``."""
    # That of the test: the process that this one was forked from began before it.
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(REPOSITORY)
    stream = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    sys.argv = command
    runpy.run_module(command[0], run_name='__main__', alter_sys=True)


def output_of(worker: str, *arguments: object, timeout: float = 300) -> str:
    """What a worker prints, which must succeed."""
    done = start(worker, *arguments, timeout=timeout)
    assert done.returncode == 0, done.stdout[-9000:]
    return done.stdout


def run_cases(cases: dict[str, Callable[[], None]]) -> int:
    """In a worker: run all cases on this rank, a line for each; failed ones on any rank decide the return code."""
    # A case that fails on one rank alone leaves the other waiting: end that soon.
    dist.init_process_group('gloo', timeout=timedelta(seconds=45))
    failed = torch.zeros(1)
    for name, case in cases.items():
        try:
            case()
            verdict = 'ok'
        except AssertionError as error:
            verdict = 'FAILED ' + ' '.join(str(error).split())
            failed += 1
        # One write for each line: print would let the ranks' lines run into each other.
        sys.stdout.write(f'[rank {dist.get_rank()}] {name}: {verdict}\n')
        sys.stdout.flush()
    dist.all_reduce(failed)
    leave_process_group()
    return int(failed > 0)
