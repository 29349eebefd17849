"""HEXA on two real ranks: the statistics, losses and gradients of one process."""

import pytest

from tests.distributed import hexa_worker
from tests.support.two_ranks import start


@pytest.mark.slow
def test_two_ranks_train_as_one() -> None:
    """With SyncBN on both sides, and term by term: one that is differentiated early, and all three joined."""
    done = start(hexa_worker.__name__)
    assert done.returncode == 0, done.stdout[-5000:]
    for rank in range(2):
        for case in hexa_worker.CASES:
            assert f'[rank {rank}] {case}: ok' in done.stdout
