"""ResumableIterLoop: a run resumed at any iteration is the uninterrupted one, and earlier images stay unread."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import DATA_SAMPLERS
from mmengine.runner import Runner
from torch.utils.data import Sampler

from cft.checkpoints import read_state_dict
from cft.errors import ConfigError
from tests.support.toy_run import Batches, toy_runner


class Diary(Hook):
    """The samples of each iteration."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, list[float]]] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        self.steps.append((runner.iter, batch_idx, data_batch['inputs'][:, 0].tolist()))


class Domains(Batches):
    """Five noisy samples of two domains; remembers which have been loaded."""

    def __init__(self) -> None:
        self.loaded: list[int] = []

    def get_domains(self) -> list[int]:
        return [0, 0, 0, 1, 1]

    def __getitem__(self, index: int) -> dict:
        self.loaded.append(index)
        return {'inputs': torch.full((4,), float(index + 1)) + torch.rand(()) / 2}


@DATA_SAMPLERS.register_module()
class EndlessReversed(Sampler):
    """An endless sampler that cannot skip and goes on where it was left."""

    def __init__(self, dataset: Batches, seed: int) -> None:
        self.indices = (index for _ in iter(int, 1) for index in reversed(range(len(dataset))))
        self.length = len(dataset)

    def __iter__(self) -> Iterator[int]:
        return self.indices

    def __len__(self) -> int:
        return self.length


SAMPLERS = ['InfiniteSampler', 'cft.DomainBalancedSampler', 'DefaultSampler', 'EndlessReversed']


def build(
    work_dir: Path,
    sampler: str = 'InfiniteSampler',
    resume_from: Path | None = None,
    workers: int = 0,
    loop: dict | None = None,
) -> tuple[Runner, Diary]:
    """Ten iterations on batches of two samples."""
    diary = Diary()
    torch.manual_seed(0)
    optimizer = {'type': 'SGD', 'lr': 1e-3, 'momentum': 0.9}
    runner = toy_runner(work_dir, [diary], wrapper={'optimizer': optimizer})
    runner._train_dataloader |= {'batch_size': 2, 'num_workers': workers}
    runner._train_dataloader |= {'dataset': Domains(), 'sampler': {'type': sampler}}
    runner._train_loop = {'type': 'cft.ResumableIterLoop', 'max_iters': 10} | (loop or {})
    if resume_from is not None:
        runner._resume, runner._load_from = True, str(resume_from)
    return runner, diary


def run(*arguments: object, **settings: object) -> Diary:
    runner, diary = build(*arguments, **settings)
    runner.train()
    diary.runner = runner
    return diary


def assert_same_end(first: Path, second: Path) -> None:
    one, other = read_state_dict(first), read_state_dict(second)
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize('sampler', SAMPLERS)
def test_resumed_at_any_iteration(sampler: str, tmp_path: Path) -> None:
    """Samples with their noise, and weights; a sampler with an end (three batches) is begun again, in another order."""
    whole = run(tmp_path / 'whole', sampler)
    assert [step[:2] for step in whole.steps] == [(i, i) for i in range(10)]
    loaded = whole.runner.train_dataloader.dataset.loaded
    for iteration in range(1, 10):
        work_dir = tmp_path / f'resumed_{iteration}'
        resumed = run(work_dir, sampler, resume_from=tmp_path / 'whole' / f'iter_{iteration}.pth')
        assert resumed.steps == whole.steps[iteration:]
        done = sum(len(samples) for *_, samples in whole.steps[:iteration])
        assert resumed.runner.train_dataloader.dataset.loaded == loaded[done:]
        assert_same_end(tmp_path / 'whole' / 'iter_10.pth', work_dir / 'iter_10.pth')


def test_passes_over_a_sampler_with_an_end(tmp_path: Path) -> None:
    """Every pass has all samples, in an order of its own."""
    steps = run(tmp_path, 'DefaultSampler').steps
    passes = [[int(value) for *_, samples in steps[start : start + 3] for value in samples] for start in (0, 3, 6)]
    assert [len(samples) for *_, samples in steps[:3]] == [2, 2, 1]
    assert all(sorted(one) == [1, 2, 3, 4, 5] for one in passes) and len({tuple(one) for one in passes}) == 3


@pytest.mark.slow
@pytest.mark.parametrize('sampler', SAMPLERS[::2])
def test_workers(sampler: str, tmp_path: Path) -> None:
    whole = run(tmp_path / 'whole', sampler)
    assert run(tmp_path / 'workers', sampler, workers=2).steps == whole.steps
    resumed = run(tmp_path / 'resumed', sampler, resume_from=tmp_path / 'whole' / 'iter_4.pth', workers=1)
    assert resumed.steps == whole.steps[4:]


@pytest.mark.slow
def test_without_resume_it_is_the_loop_of_mmengine(tmp_path: Path) -> None:
    """In everything but the noise of the samples."""
    own = run(tmp_path / 'own')
    theirs = run(tmp_path / 'theirs', loop={'type': 'IterBasedTrainLoop'})
    assert [[int(v) for v in step[2]] for step in own.steps] == [[int(v) for v in step[2]] for step in theirs.steps]
    assert own.runner.epoch == theirs.runner.epoch == 0


def test_fast_forward_begins_the_data_anew(tmp_path: Path) -> None:
    whole = run(tmp_path / 'whole')
    settings = {'resume_from': tmp_path / 'whole' / 'iter_6.pth', 'loop': {'fast_forward_on_resume': True}}
    steps = run(tmp_path / 'resumed', **settings).steps
    assert [step[0] for step in steps] == [6, 7, 8, 9]
    assert [int(value) for value in steps[0][2]] == [int(value) for value in whole.steps[0][2]]


def test_seed_drawn_by_the_first_run(tmp_path: Path) -> None:
    """Without a seed in the config, order and noise are those of the checkpoint's seed."""

    def without_seed(name: str, **settings: object) -> Diary:
        runner, diary = build(tmp_path / name, **settings)
        runner._randomness_cfg = {'seed': None}
        np.random.seed()
        runner.set_randomness(seed=None)
        runner.train()
        return diary

    whole = without_seed('whole')
    assert without_seed('other').steps != whole.steps
    resumed = without_seed('resumed', resume_from=tmp_path / 'whole' / 'iter_3.pth')
    assert resumed.steps == whole.steps[3:]


def test_data_without_batches_of_indices(tmp_path: Path) -> None:
    """They train, but cannot be resumed."""
    for checkpoint in (None, tmp_path / 'iter_4.pth'):
        runner, diary = build(tmp_path, resume_from=checkpoint)
        collate = {'type': lambda sample: {'inputs': sample['inputs'][None]}}
        runner._train_dataloader |= {'batch_size': None, 'collate_fn': collate}
        if checkpoint is None:
            runner.train()
            assert len(diary.steps) == 10
        else:
            with pytest.raises(ConfigError, match='in the middle of a pass over data that come without indices'):
                runner.train()


def test_no_batch_at_all(tmp_path: Path) -> None:
    runner, _ = build(tmp_path, 'DefaultSampler')
    runner._train_dataloader |= {'batch_size': 6, 'drop_last': True}
    with pytest.raises(ConfigError, match=r'hold no batch; lower train_dataloader.batch_size, or set drop_last=False'):
        runner.train()
