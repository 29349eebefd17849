"""A job of two processes ends soon after one of them fails, and says which and why."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 6
# Starting two processes on two busy cores; stopping takes a few seconds.
LIMIT = 90
CONFIG = """
_base_ = ['{base}']
custom_imports = dict(imports=['cft', 'tests.distributed.failing_hook'])
custom_hooks = [dict(type='FailingRank', how='{how}')]
env_cfg = dict(dist_cfg=dict(timeout={timeout}))
train_cfg = dict(max_iters=6, val_interval=6)
train_dataloader = dict(batch_size=10, num_workers=0, persistent_workers=False)
checkpoint = None
"""


def write_config(folder: Path, how: str) -> Path:
    path = folder / 'failing.py'
    path.write_text(CONFIG.format(base=ROOT / 'configs/quickstart/ce_digits.py', how=how, timeout=TIMEOUT))
    return path


def environment(**settings: object) -> dict[str, str]:
    own = {'PYTHON': sys.executable, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    return os.environ | own | {'CUDA_VISIBLE_DEVICES': ''} | {name: str(value) for name, value in settings.items()}


def under_torchrun(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    command = ['bash', str(ROOT / 'tools/dist_train.sh'), str(write_config(folder, how)), '2']
    command += ['--work-dir', str(folder / 'work')]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=LIMIT, cwd=folder, check=False
    )


def test_exception_in_one_process(tmp_path: Path) -> None:
    done = under_torchrun(tmp_path, 'raise')
    assert done.returncode != 0
    assert 'rank 1 failed: ValueError: a bolt is loose' in done.stderr
    # torchrun's summary, the last that is printed, has the error of the rank that failed first.
    summary = done.stderr.split('Root Cause')[-1]
    assert re.search(r'rank\s*: 1', summary) and 'ValueError: a bolt is loose' in summary


def test_mistake_that_one_process_finds(tmp_path: Path) -> None:
    """One line, as in a single process."""
    done = under_torchrun(tmp_path, 'mistake')
    assert done.returncode != 0
    assert 'error: rank 1: only this machine lacks a folder' in done.stderr
    # torchrun's own summary has a traceback; ours has none.
    assert 'cft/apis/training.py' not in done.stderr


@contextlib.contextmanager
def without_launcher(folder: Path, how: str) -> Iterator[list[subprocess.Popen]]:
    """Two processes that nobody watches, as some schedulers start them."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(write_config(folder, how)), '--launcher', 'pytorch']
    command += ['--work-dir', str(folder / 'work')]
    processes = []
    for rank in range(2):
        settings = environment(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=2, MASTER_ADDR='127.0.0.1', MASTER_PORT=port)
        output = (folder / f'{rank}.txt').open('w')
        processes.append(subprocess.Popen(command, env=settings, cwd=folder, stdout=output, stderr=subprocess.STDOUT))
        output.close()
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize('how', ['exit', 'stop'])
def test_process_that_says_nothing(how: str, tmp_path: Path) -> None:
    """Killed or stopped: the other process ends by itself and names it."""
    with without_launcher(tmp_path, how) as (first, second):
        end = time.monotonic() + LIMIT
        while f'{how} now' not in (tmp_path / '1.txt').read_text():
            assert time.monotonic() < end and second.poll() is None, (tmp_path / '1.txt').read_text()
            time.sleep(0.1)
        begin = time.monotonic()
        assert first.wait(timeout=LIMIT) == 2
        assert time.monotonic() - begin < TIMEOUT + 15
        assert (second.poll() is None) == (how != 'exit')
    output = (tmp_path / '0.txt').read_text()
    assert 'error: no sign of life from rank 1 of 2' in output and 'Traceback' not in output
