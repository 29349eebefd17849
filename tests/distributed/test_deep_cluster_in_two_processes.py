"""DeepCluster-v2 on two real ranks: one clustering, one memory, one resumed run."""

import subprocess

import pytest

from tests.distributed import deep_cluster_worker
from tests.support.two_ranks import start


@pytest.fixture(scope='module')
def two_ranks() -> subprocess.CompletedProcess[str]:
    """Run all cases of the worker once, on two processes over gloo."""
    return start(deep_cluster_worker.__name__)


@pytest.mark.slow
def test_worker_succeeds(two_ranks: subprocess.CompletedProcess[str]) -> None:
    """No case failed and no rank crashed or hung."""
    assert two_ranks.returncode == 0, two_ranks.stdout[-5000:]


@pytest.mark.slow
@pytest.mark.parametrize('case', list(deep_cluster_worker.CASES))
def test_both_ranks_pass(two_ranks: subprocess.CompletedProcess[str], case: str) -> None:
    """Each rank reports the case as passed."""
    lines = [line for line in two_ranks.stdout.splitlines() if f'] {case}: ' in line]
    assert sorted(lines) == [f'[rank {rank}] {case}: ok' for rank in range(2)]
