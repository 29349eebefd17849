"""Two processes train together: frozen classifier, equal weights and queues, short last batches."""

import pytest

from tests.support.two_ranks import output_of


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    return output_of('tests.distributed.training_worker', tmp_path_factory.mktemp('work'), timeout=400)


@pytest.mark.slow
@pytest.mark.parametrize('check', ['coin', 'sce', 'hexa_moco', 'hexa_dcluster', 'coretuning', 'schane'])
@pytest.mark.parametrize('rank', [0, 1])
def test_two_processes(output: str, check: str, rank: int) -> None:
    """The worker's assertions hold on this rank."""
    assert f'[rank {rank}] check_{check}: ok' in output
