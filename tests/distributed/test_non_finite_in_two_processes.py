"""Two processes skip together, whichever of them is at fault."""

from pathlib import Path

import pytest

from tests.support.two_ranks import start


@pytest.mark.slow
def test_both_ranks_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CFT_TEST_FOLDER', str(tmp_path))
    done = start('tests.distributed.non_finite_worker')
    assert done.returncode == 0, done.stdout[-6000:]
    for rank in range(2):
        for case in ('features_of_one_rank', 'loss_without_gradient_of_one_rank', 'both_stop_together'):
            assert f'[rank {rank}] {case}: ok' in done.stdout
