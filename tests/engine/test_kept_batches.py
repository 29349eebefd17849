"""Augmented batches that the runs of one process share: the same result, and nothing loaded again."""

from pathlib import Path

import pytest
import torch

from cft.datasets import Digits
from cft.engine.loops import kept_batches as module
from cft.engine.loops.kept_batches import MOST, kept_batches
from tests.support.digits_runs import run, weights


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, '_kept', type(module._kept)())


def trained(work_dir: Path, **overrides: object) -> dict[str, torch.Tensor]:
    run('coretuning', work_dir, iterations=3, **overrides)
    return weights(work_dir / 'iter_3.pth')


def test_runs_share_images_and_have_the_weights_of_a_run_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run of a seed loads no training image; another seed does; Core-tuning draws mixtures besides."""
    loaded = []
    get = Digits.__getitem__

    def counted(self: Digits, index: int) -> dict:
        loaded.append(self.split)
        return get(self, index)

    monkeypatch.setattr(Digits, '__getitem__', counted)
    alone = trained(tmp_path / 'alone', train_cfg__keep_batches=False)
    numbers = []
    for name, seed in (('first', 0), ('second', 0), ('other', 1)):
        loaded.clear()
        found = trained(tmp_path / name, randomness__seed=seed)
        numbers.append(loaded.count('train'))
        same = all(torch.equal(found[key], alone[key]) for key in alone)
        assert same == (seed == 0), name
    # Checks before a training look at a few images themselves.
    assert [number - numbers[1] for number in numbers] == [60, 0, 60] and numbers[1] < 20


def test_a_run_that_changes_its_batches_leaves_the_kept_ones() -> None:
    for _ in range(3):
        batches = list(kept_batches('run', iter([{'inputs': torch.zeros(2)}, {'inputs': torch.ones(2)}]), 2))
        assert [float(batch['inputs'].sum()) for batch in batches] == [0.0, 2.0]
        for batch in batches:
            batch['inputs'] += 5


def test_a_run_that_was_cut_short_keeps_nothing() -> None:
    first = kept_batches('run', iter([1, 2, 3]), 3)
    assert [next(first), next(first)] == [1, 2]
    assert list(kept_batches('run', iter([4, 5, 6]), 3)) == [4, 5, 6]
    assert list(kept_batches('run', iter([]), 3)) == [4, 5, 6]


def test_the_oldest_are_forgotten() -> None:
    for key in range(MOST + 1):
        list(kept_batches(str(key), iter([key]), 1))
    assert list(kept_batches('1', iter([-1]), 1)) == [1]
    assert list(kept_batches('0', iter([-1]), 1)) == [-1]
