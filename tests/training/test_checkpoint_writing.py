"""Runs whose disk is full, whose folder is lost, or which are killed: what is on disk is whole and is found again."""

import logging
import multiprocessing
import resource
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from cft.checkpoints import find_damage, read_checkpoint
from cft.engine.checkpointing import AtomicCheckpointHook
from cft.errors import ConfigError
from tests.support.toy_run import ToyModel, toy_runner


class At(Hook):
    """Calls ``act(runner)`` after an iteration, before its checkpoint is written."""

    priority = 'LOW'

    def __init__(self, actions: dict[int, Callable[[Runner], None]]) -> None:
        self.actions = actions

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.actions.get(runner.iter + 1, lambda _: None)(runner)


class Scores(Hook):
    """Gives the checkpoint hook a metric after each iteration, as a validation does."""

    priority = 'LOWEST'

    def __init__(self, scores: list[float]) -> None:
        self.scores = scores

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        # A validation follows the iteration's end.
        runner.train_loop._iter += 1
        checkpoint_hook(runner).after_val_epoch(runner, {'accuracy': self.scores[runner.iter - 1]})
        runner.train_loop._iter -= 1


class LargeModel(ToyModel):
    """Its checkpoints take a megabyte, more than the logs of a run."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('ballast', torch.zeros(250_000))


def checkpoint_hook(runner: Runner) -> AtomicCheckpointHook:
    return next(hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook))


def new_runner(work_dir: Path, hooks: list, length: int, keep: int = -1, model: nn.Module | None = None, **settings):
    runner = toy_runner(work_dir, hooks, model or ToyModel(), length=length, **settings)
    checkpoint_hook(runner).max_keep_ckpts = keep
    return runner


def files(folder: Path) -> set[str]:
    """Checkpoints and what was left beside them."""
    return {path.name for path in folder.iterdir() if '.pth' in path.name}


def recorded(work_dir: Path) -> str:
    return Path((work_dir / 'last_checkpoint').read_text()).name


@pytest.fixture
def size_limit() -> Callable[[Runner], None]:
    """Switches a limit of half a megabyte per file on and off, which the operating system enforces."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def switch(_: Runner) -> None:
        limited = resource.getrlimit(resource.RLIMIT_FSIZE) != limits
        resource.setrlimit(resource.RLIMIT_FSIZE, limits if limited else (500_000, limits[1]))

    yield switch
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def errors(runner: Runner, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    runner.logger.addHandler(caplog.handler)
    return caplog


def test_full_disk_and_space_again(tmp_path: Path, size_limit: Callable, caplog: pytest.LogCaptureFixture) -> None:
    """The third checkpoint fails: both earlier ones stay, training goes on, the fourth is written."""
    seen = {}
    actions = {3: size_limit, 4: lambda runner: (size_limit(runner), seen.update(files=files(tmp_path)))}
    runner = new_runner(tmp_path, [At(actions)], length=4, keep=2, model=LargeModel())
    errors(runner, caplog)
    runner.train()
    assert seen['files'] == {'iter_1.pth', 'iter_2.pth'}
    assert files(tmp_path) == {'iter_2.pth', 'iter_4.pth'}
    assert recorded(tmp_path) == 'iter_4.pth'
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert 'iter_3.pth was not written (File too large)' in record.message and 'training goes on' in record.message
    assert read_checkpoint(tmp_path / 'iter_4.pth')['message_hub']['runtime_info']['keep_ckpt_ids'] == [2, 4]


def test_full_disk_at_the_end(tmp_path: Path, size_limit: Callable) -> None:
    """All iterations are trained, then the run fails; a resumed one repeats those that are not on disk."""
    runner = new_runner(tmp_path, [At({3: size_limit})], length=4, keep=2, model=LargeModel())
    with pytest.raises(ConfigError, match=r'iter_4\.pth was not written \(File too large\).*--resume'):
        runner.train()
    size_limit(runner)
    assert runner.iter == 4
    assert files(tmp_path) == {'iter_1.pth', 'iter_2.pth'} and recorded(tmp_path) == 'iter_2.pth'
    resumed = new_runner(tmp_path, [], length=4, keep=2, model=LargeModel(), resume=True)
    resumed.train()
    assert files(tmp_path) == {'iter_3.pth', 'iter_4.pth'}


def test_lost_folder(tmp_path: Path) -> None:
    """A file stands where the checkpoints' folder was; nobody can write below it, not even root."""
    folder = tmp_path / 'checkpoints' / 'work'

    def lose(_: Runner) -> None:
        folder.rename(tmp_path / 'away')
        folder.touch()

    def give_back(_: Runner) -> None:
        folder.unlink()
        (tmp_path / 'away').rename(folder)

    runner = new_runner(tmp_path / 'work', [At({2: lose, 3: give_back})], length=3)
    checkpoint_hook(runner).out_dir = str(tmp_path / 'checkpoints')
    runner.train()
    assert files(folder) == {'iter_1.pth', 'iter_3.pth'}


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Told before the first step."""
    (tmp_path / 'file').touch()
    steps = At({1: lambda _: pytest.fail('trained')})
    runner = new_runner(tmp_path / 'work', [steps], length=3)
    checkpoint_hook(runner).out_dir = str(tmp_path / 'file')
    with pytest.raises(ConfigError, match='no checkpoint can be written to .*--work-dir'):
        runner.train()


def test_older_ones_go_after_the_new_one_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever a file is removed, the newest one is whole, and the record names it."""
    removed = []
    remove = Path.unlink

    def watched(path: Path, *arguments: object, **options: object) -> None:
        if path.name.endswith('.pth'):
            newest = tmp_path / recorded(tmp_path)
            removed.append((path.name, newest.name, find_damage(newest)))
        remove(path, *arguments, **options)

    monkeypatch.setattr(Path, 'unlink', watched)
    monkeypatch.setattr('os.remove', lambda path: watched(Path(path)))
    new_runner(tmp_path, [], length=4, keep=1).train()
    assert removed == [(f'iter_{step}.pth', f'iter_{step + 1}.pth', None) for step in (1, 2, 3)]
    assert files(tmp_path) == {'iter_4.pth'}


def best_hook(runner: Runner, keys: str | list[str] = 'accuracy') -> Runner:
    hooks = runner._hooks
    settings = dict(interval=1, by_epoch=False, save_best=keys, rule='greater')
    hooks[hooks.index(checkpoint_hook(runner))] = AtomicCheckpointHook(**settings)
    return runner


def test_best_checkpoint(tmp_path: Path, size_limit: Callable) -> None:
    """The second best is written and then the first removed; the third fails, and the second stays the best."""
    seen = {}
    actions = {3: size_limit, 4: lambda runner: (size_limit(runner), seen.update(files=files(tmp_path)))}
    runner = best_hook(new_runner(tmp_path, [At(actions), Scores([1.0, 2.0, 5.0, 3.0])], 4, model=LargeModel()))
    runner.train()
    assert {name for name in seen['files'] if 'best' in name} == {'best_accuracy_iter_2.pth'}
    assert {name for name in files(tmp_path) if 'best' in name} == {'best_accuracy_iter_4.pth'}
    info = read_checkpoint(tmp_path / 'iter_4.pth')['message_hub']['runtime_info']
    assert info['best_score'] == 3.0 and Path(info['best_ckpt']).name == 'best_accuracy_iter_4.pth'


def test_best_checkpoint_that_is_missing_at_the_end(tmp_path: Path, size_limit: Callable) -> None:
    scores = [1.0, 2.0, 0.5]
    actions = {2: size_limit, 3: size_limit}
    runner = best_hook(new_runner(tmp_path, [At(actions), Scores(scores)], 3, model=LargeModel()))
    with pytest.raises(ConfigError, match=r'best_accuracy_iter_2\.pth was not written'):
        runner.train()
    assert {name for name in files(tmp_path) if 'best' in name} == {'best_accuracy_iter_1.pth'}


def test_best_of_several_metrics_and_equal_scores(tmp_path: Path) -> None:
    class Two(Scores):
        def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
            runner.train_loop._iter += 1
            first, second = self.scores[runner.iter - 1]
            checkpoint_hook(runner).after_val_epoch(runner, {'a': first, 'b': second})
            runner.train_loop._iter -= 1

    runner = best_hook(new_runner(tmp_path, [Two([(1.0, 9.0), (2.0, 1.0), (2.0, 10.0)])], 3), ['a', 'b'])
    runner.train()
    assert {name for name in files(tmp_path) if 'best' in name} == {'best_a_iter_2.pth', 'best_b_iter_3.pth'}


def test_check_sums_even_where_they_are_switched_off(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        new_runner(tmp_path, [], length=1).train()
        assert not torch.serialization.get_crc32_options()
    finally:
        torch.serialization.set_crc32_options(True)
    with zipfile.ZipFile(tmp_path / 'iter_1.pth') as archive:
        assert all(record.CRC for record in archive.infolist() if record.file_size)


def train_long(work_dir: Path) -> None:
    new_runner(work_dir, [], length=100_000, keep=2, resume=True).train()


def test_killed_runs(tmp_path: Path) -> None:
    """At random moments of a run that saves after every step: each next run goes on from the recorded checkpoint."""
    record = tmp_path / 'last_checkpoint'
    reached = ''
    for seconds in (0.3, 0.15, 0.22, 0.11):
        process = multiprocessing.get_context('fork').Process(target=train_long, args=(tmp_path,), daemon=True)
        process.start()
        while not record.exists() or record.read_text() == reached:
            time.sleep(0.01)
        time.sleep(seconds)
        process.kill()
        process.join()
        assert all(find_damage(path) is None for path in tmp_path.glob('iter_*.pth'))
        step = int(recorded(tmp_path)[5:-4])
        runner = new_runner(tmp_path, [], length=step + 2, keep=2, resume=True)
        runner.train()
        assert runner.iter == step + 2
        assert files(tmp_path) >= {f'iter_{step + 1}.pth', f'iter_{step + 2}.pth'}
        assert not any(name.endswith('.part') for name in files(tmp_path))
        reached = record.read_text()
