"""ResumableEpochLoop: a run resumed at any iteration is the uninterrupted one."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.checkpoints import read_state_dict
from cft.errors import ConfigError
from tests.support.toy_run import Batches, ToyModel, toy_runner

EVERY_ITERATION = {'type': 'cft.AtomicCheckpointHook', 'by_epoch': False, 'interval': 1}
SCHEDULE = [
    {'type': 'ExponentialLR', 'gamma': 0.5, 'by_epoch': True},
    {'type': 'LinearMomentum', 'start_factor': 0.5, 'by_epoch': False, 'begin': 0, 'end': 8},
]


class Diary(Hook):
    """What a hook can tell of each iteration and of the ends of epochs."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.steps: list[tuple] = []
        self.ends: list[tuple[int, int]] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        rates = runner.optim_wrapper.get_lr()['lr'] + runner.optim_wrapper.get_momentum()['momentum']
        self.steps.append((runner.epoch, runner.iter, batch_idx, data_batch['inputs'][:, 0].tolist(), rates))

    def after_train_epoch(self, runner: Runner) -> None:
        self.ends.append((runner.epoch, runner.iter))


class LoadedBatches(Batches):
    """Remembers which samples have been loaded."""

    def __init__(self) -> None:
        self.loaded: list[int] = []

    def __getitem__(self, index: int) -> dict:
        self.loaded.append(index + 1)
        return super().__getitem__(index)


def run(
    work_dir: Path, resume_from: Path | None = None, dataset: Batches | None = None, workers: int = 0, **loader: object
) -> Diary:
    """Three epochs of batches of 2, 2 and 1 samples, or 2 and 2 with ``drop_last``."""
    diary = Diary()
    torch.manual_seed(0)
    runner = toy_runner(work_dir, [EVERY_ITERATION, diary], ToyModel(), by_epoch=True, length=15, scheduler=SCHEDULE)
    runner._train_dataloader |= {'batch_size': 2, 'num_workers': workers, 'persistent_workers': workers > 0, **loader}
    runner._train_dataloader['dataset'] = dataset or Batches()
    runner._train_loop = {'type': 'cft.ResumableEpochLoop', 'max_epochs': 3}
    if resume_from is not None:
        runner._resume, runner._load_from = True, str(resume_from)
    runner.train()
    diary.runner = runner
    return diary


def assert_same_end(first: Path, second: Path) -> None:
    one, other = read_state_dict(first), read_state_dict(second)
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize(('drop_last', 'length'), [(False, 3), (True, 2)])
def test_resumed_at_any_iteration(drop_last: bool, length: int, tmp_path: Path) -> None:
    """Epochs, iterations, batches and their numbers, learning rate and momentum, weights; also at ends of epochs."""
    whole = run(tmp_path / 'whole', drop_last=drop_last)
    total = 3 * length
    assert [step[:3] for step in whole.steps] == [(i // length, i, i % length) for i in range(total)]
    assert len({tuple(map(tuple, (step[3] for step in whole.steps if step[0] == e))) for e in range(3)}) == 3
    for iteration in range(1, total + 1):
        name = f'resumed_{iteration}'
        resumed = run(tmp_path / name, tmp_path / 'whole' / f'iter_{iteration}.pth', drop_last=drop_last)
        assert resumed.steps == whole.steps[iteration:]
        # A checkpoint of an epoch's last batch comes before the end of that epoch.
        assert resumed.ends == whole.ends[(iteration - 1) // length :]
        assert (resumed.runner.epoch, resumed.runner.iter) == (3, total)
        assert_same_end(tmp_path / 'whole' / 'epoch_3.pth', tmp_path / name / 'epoch_3.pth')
    for epoch in (1, 2, 3):
        resumed = run(tmp_path / f'from_epoch_{epoch}', tmp_path / 'whole' / f'epoch_{epoch}.pth', drop_last=drop_last)
        assert resumed.steps == whole.steps[epoch * length :] and resumed.ends == whole.ends[epoch:]


def test_earlier_images_are_not_loaded(tmp_path: Path) -> None:
    whole = run(tmp_path / 'whole', dataset=LoadedBatches()).runner
    resumed = run(tmp_path / 'resumed', tmp_path / 'whole' / 'iter_4.pth', LoadedBatches()).runner
    loaded = whole.train_dataloader.dataset.loaded
    assert len(loaded) == 15
    # One whole epoch and one batch of two.
    assert resumed.train_dataloader.dataset.loaded == loaded[7:]


def test_worker_processes(tmp_path: Path) -> None:
    """Persistent workers serve the rest of the epoch and the epochs after it in the same order."""
    whole = run(tmp_path / 'whole')
    resumed = run(tmp_path / 'resumed', tmp_path / 'whole' / 'iter_5.pth', workers=2)
    assert resumed.steps == whole.steps[5:]


@pytest.mark.parametrize(('batch_size', 'iteration'), [(5, 2), (5, 7), (1, 4)])
def test_other_batch_size(batch_size: int, iteration: int, tmp_path: Path) -> None:
    """One error before training, whenever iteration and epoch contradict each other."""
    run(tmp_path / 'whole')
    checkpoint = tmp_path / 'whole' / f'iter_{iteration}.pth'
    epoch, batches = (iteration - 1) // 3, 5 // batch_size
    with pytest.raises(ConfigError, match=f'iteration {iteration} and epoch {epoch}, .* not fit {batches} batches'):
        run(tmp_path / 'resumed', checkpoint, batch_size=batch_size)


def test_without_resume_it_is_the_loop_of_mmengine(tmp_path: Path) -> None:
    run(tmp_path / 'own')
    torch.manual_seed(0)
    runner = toy_runner(
        tmp_path / 'theirs',
        [EVERY_ITERATION],
        model=ToyModel(),
        by_epoch=True,
        length=15,
        scheduler=SCHEDULE,
    )
    runner._train_dataloader['batch_size'] = 2
    runner.train()
    for iteration in range(1, 10):
        assert_same_end(tmp_path / 'own' / f'iter_{iteration}.pth', tmp_path / 'theirs' / f'iter_{iteration}.pth')


def test_data_without_batches_of_indices(tmp_path: Path) -> None:
    """Resumed at the end of an epoch, not in its middle."""
    settings = {'batch_size': None, 'collate_fn': {'type': lambda sample: {'inputs': sample['inputs'][None]}}}
    whole = run(tmp_path / 'whole', **settings)
    assert len(whole.steps) == 15
    assert run(tmp_path / 'end', tmp_path / 'whole' / 'epoch_1.pth', **settings).steps == whole.steps[5:]
    with pytest.raises(ConfigError, match='in the middle of a pass over data that come without indices'):
        run(tmp_path / 'middle', tmp_path / 'whole' / 'iter_3.pth', **settings)
