"""spherical_kmeans on two real ranks equals one process on the joined rows."""

import subprocess

import pytest

from tests.distributed import kmeans_worker
from tests.support.two_ranks import start


@pytest.fixture(scope='module')
def two_ranks() -> subprocess.CompletedProcess[str]:
    """Run all cases of the worker once, on two processes over gloo."""
    return start(kmeans_worker.__name__)


@pytest.mark.slow
def test_worker_succeeds(two_ranks: subprocess.CompletedProcess[str]) -> None:
    """No case failed and no rank crashed or hung."""
    assert two_ranks.returncode == 0, two_ranks.stdout


@pytest.mark.slow
@pytest.mark.parametrize('case', list(kmeans_worker.CASES))
def test_both_ranks_pass(two_ranks: subprocess.CompletedProcess[str], case: str) -> None:
    """Each rank reports the case as passed."""
    lines = [line for line in two_ranks.stdout.splitlines() if f'] {case}: ' in line]
    assert sorted(lines) == [f'[rank {rank}] {case}: ok' for rank in range(2)]


@pytest.mark.slow
def test_starts_are_what_they_claim() -> None:
    """The special starts leave their traces in the expected result, so the comparison meets those paths."""
    owners = {name: assignments for name, (_, assignments) in kmeans_worker.EXPECTED.items()}
    assert (owners['rows without direction'] == -1).sum() == 10
    assert len(owners['duplicates'].unique()) == 4
    rows, initial = kmeans_worker.empty_clusters()
    assert len(kmeans_worker.spherical_kmeans(rows, 5, 0, initial)[1].unique()) == 2
    assert len(owners['empty clusters'].unique()) == 5
