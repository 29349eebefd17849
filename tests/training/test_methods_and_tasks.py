"""Every method trains every task, in one process; tests/distributed has the same in two."""

from pathlib import Path

import pytest

from tests.support.tasks import METHODS, TASKS, check_cell


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data')


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('method', METHODS)
def test_training_steps(method: str, task: str, data: Path, tmp_path: Path) -> None:
    """Finite losses and weights; the contrastive term reaches the first layer of the backbone."""
    check_cell(method, task, data, tmp_path)
