"""A resumed run ends with the weights of the uninterrupted one, bit for bit."""

from pathlib import Path

import pytest
import torch
from digits_runs import run, weights


def assert_same_weights(first: Path, second: Path) -> None:
    expected, found = weights(first), weights(second)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


@pytest.mark.parametrize('name', ['coretuning', 'coin', 'schane'])
def test_iteration_based_run(name: str, tmp_path: Path) -> None:
    """Also from the middle of COIN's stages and at their border, where the schedule restarts."""
    run(name, tmp_path / 'whole')
    whole = tmp_path / 'whole' / 'iter_6.pth'
    for iteration in (1, 3, 5) if name == 'coin' else (3,):
        work_dir = tmp_path / f'resumed_{iteration}'
        run(name, work_dir, resume_from=tmp_path / 'whole' / f'iter_{iteration}.pth')
        assert_same_weights(whole, work_dir / 'iter_6.pth')


def test_pretraining_keeps_queue_and_momentum(tmp_path: Path) -> None:
    run('sce', tmp_path / 'whole', iterations=4)
    resumed = run('sce', tmp_path / 'resumed', resume_from=tmp_path / 'whole' / 'epoch_2.pth', iterations=4)
    assert_same_weights(tmp_path / 'whole' / 'epoch_4.pth', tmp_path / 'resumed' / 'epoch_4.pth')
    assert 'queue.features' in weights(tmp_path / 'resumed' / 'epoch_4.pth')
    assert resumed.epoch == 4


def test_the_seed_matters(tmp_path: Path) -> None:
    """Equality above is no accident: another seed gives other weights."""
    run('ce', tmp_path / 'a', iterations=1)
    run('ce', tmp_path / 'b', iterations=1, randomness__seed=1)
    first, second = weights(tmp_path / 'a' / 'iter_1.pth'), weights(tmp_path / 'b' / 'iter_1.pth')
    assert not torch.equal(first['head.fc.weight'], second['head.fc.weight'])
