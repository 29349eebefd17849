"""Two processes: disjoint, balanced batches of the domains, and one accuracy from both."""

import pytest

from tests.support.two_ranks import output_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    return output_of('tests.distributed.domain_worker', tmp_path_factory.mktemp('work'), timeout=300)


@pytest.mark.parametrize('check', ['batches', 'metric'])
@pytest.mark.parametrize('rank', [0, 1])
def test_two_processes(output: str, check: str, rank: int) -> None:
    """The worker's assertions hold on this rank."""
    assert f'[rank {rank}] {check}: ok' in output
