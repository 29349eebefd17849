"""Each process's own BatchNorm statistics survive a resume."""

from pathlib import Path

import pytest

from tests.support.two_ranks import start


@pytest.mark.slow
def test_both_ranks_go_on_with_theirs(tmp_path: Path) -> None:
    done = start('tests.distributed.rank_statistics_worker', tmp_path)
    assert done.returncode == 0, [line for line in done.stdout.splitlines() if 'FAILED' in line or 'Error' in line]
    for rank in range(2):
        for case in ('statistics_of_each_rank', 'statistics_of_averages', 'one_process_more'):
            assert f'[rank {rank}] {case}: ok' in done.stdout
    assert 'statistics of 4 processes, and there are 2' in done.stdout
