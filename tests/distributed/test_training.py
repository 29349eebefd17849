"""Two processes train together: frozen classifier, equal weights and queues, short last batches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    command += [str(TESTS / 'distributed' / 'training_worker.py'), str(tmp_path_factory.mktemp('work'))]
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = os.environ | {'OMP_NUM_THREADS': '1', 'PYTHONPATH': paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


@pytest.mark.parametrize('check', ['coin', 'sce', 'hexa_moco', 'hexa_dcluster', 'coretuning', 'schane'])
@pytest.mark.parametrize('rank', [0, 1])
def test_two_processes(output: str, check: str, rank: int) -> None:
    """The worker's assertions hold on this rank."""
    assert f'[rank {rank}] check_{check}: ok' in output
