"""Every method trains every task in two processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tasks import METHODS, TASKS

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc_per_node=2']
    command += [str(TESTS / 'distributed' / 'methods_and_tasks_worker.py'), str(tmp_path_factory.mktemp('work'))]
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    environment = os.environ | {'OMP_NUM_THREADS': '1', 'PYTHONPATH': paths}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('rank', [0, 1])
def test_training_steps(output: str, rank: int, method: str, task: str) -> None:
    """The checks of tests/tasks.py hold on this rank."""
    assert f'[rank {rank}] {method} {task}: ok' in output
