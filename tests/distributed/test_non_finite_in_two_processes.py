"""Two processes skip together, whichever of them is at fault."""

from pathlib import Path

import pytest
from two_ranks import start

WORKER = Path(__file__).with_name('non_finite_worker.py')


@pytest.mark.slow
def test_both_ranks_skip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CFT_TEST_FOLDER', str(tmp_path))
    done = start(str(WORKER))
    assert done.returncode == 0, done.stdout[-6000:]
    for rank in range(2):
        for case in ('features_of_one_rank', 'loss_without_gradient_of_one_rank', 'both_stop_together'):
            assert f'[rank {rank}] {case}: ok' in done.stdout
