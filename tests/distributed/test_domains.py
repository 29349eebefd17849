"""Two processes: disjoint, balanced batches of the domains, and one accuracy from both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    command += [str(TESTS / 'distributed' / 'domain_worker.py'), str(tmp_path_factory.mktemp('work'))]
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = os.environ | {'OMP_NUM_THREADS': '1', 'PYTHONPATH': paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


@pytest.mark.parametrize('check', ['batches', 'metric'])
@pytest.mark.parametrize('rank', [0, 1])
def test_two_processes(output: str, check: str, rank: int) -> None:
    """The worker's assertions hold on this rank."""
    assert f'[rank {rank}] {check}: ok' in output
