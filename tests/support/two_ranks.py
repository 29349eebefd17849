"""Two real processes over gloo: how a test starts them, and how its worker runs cases on both."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from cft.apis import leave_process_group

REPOSITORY = Path(__file__).resolve().parents[2]


def start(worker: str, *arguments: object, timeout: float = 180) -> subprocess.CompletedProcess[str]:
    """Run a worker once, on two processes: ``start('tests.distributed.gather_worker')``."""
    launcher = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    environment = os.environ | {'PYTHONPATH': str(REPOSITORY), 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    return subprocess.run(
        [*launcher, '-m', worker, *map(str, arguments)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


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
