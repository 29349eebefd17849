"""Every method trains every task in two processes."""

import pytest

from tests.support.tasks import METHODS, TASKS
from tests.support.two_ranks import output_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    return output_of('tests.distributed.methods_and_tasks_worker', tmp_path_factory.mktemp('work'), timeout=600)


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('rank', [0, 1])
def test_training_steps(output: str, rank: int, method: str, task: str) -> None:
    """The checks of tests/support/tasks.py hold on this rank."""
    assert f'[rank {rank}] {method} {task}: ok' in output
