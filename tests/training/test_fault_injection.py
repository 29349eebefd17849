"""Training killed at random moments, also while it writes, ends with the weights of the uninterrupted run."""

import random
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.support.forked import launcher
from tests.training.interrupted_runs import (
    ROOT,
    assert_same_run,
    clusters,
    exit_code,
    iterations_in,
    queue_and_averages,
    stages_and_mixing,
    train_tool,
    wait_until,
    write,
)

pytestmark = pytest.mark.slow


class Interrupted:
    """One run that is started again and again."""

    def __init__(self, config: Path, folder: Path, draw: random.Random) -> None:
        self.config = config
        self.work_dir = folder / 'work'
        self.log = folder / 'log.txt'
        self.draw = draw
        self.work_dir.mkdir(parents=True)

    def start(self, workers: int, fault: tuple[str, int] | None = None) -> BaseProcess:
        arguments = [str(self.config), '--work-dir', str(self.work_dir), '--resume']
        arguments += ['--cfg-options', f'train_dataloader.num_workers={workers}']
        process = launcher().Process(target=train_tool, args=(arguments, self.log, fault))
        process.start()
        return process

    def run_to_its_end(self, workers: int) -> None:
        process = self.start(workers)
        assert exit_code(process) == 0, self.log.read_text()[-3000:]

    def is_killed(self, writing: bool) -> bool:
        """Start once; the kill comes within the writing of a file, or at any moment. False if the run was faster."""
        workers = self.draw.randint(0, 3)
        if writing:
            process = self.start(workers, (self.draw.choice(['fsync', 'replace']), self.draw.randint(2, 9)))
        else:
            process = self.start(workers)
            seen = iterations_in(self.log) + self.draw.randint(0, 3)
            if wait_until(lambda: iterations_in(self.log) >= seen, process):
                time.sleep(self.draw.uniform(0, 0.2))
                process.kill()
        assert exit_code(process) in (0, -signal.SIGKILL), self.log.read_text()[-3000:]
        return process.exitcode != 0


@pytest.mark.parametrize('make', [queue_and_averages, clusters, stages_and_mixing])
def test_killed_seven_times(make: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times while it writes; the number of workers changes. A run that gets through is followed by another."""
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    settings = {'save_best': 'accuracy/top1'} if make is stages_and_mixing else {}
    config = write(make(tmp_path), tmp_path / 'config.py', **settings)
    draw = random.Random(make.__name__)
    whole = Interrupted(config, tmp_path / 'whole', draw)
    whole.run_to_its_end(workers=2)
    kills = [True, False] * 3 + [True]
    draw.shuffle(kills)
    runs = 0
    while kills:
        runs += 1
        killed = Interrupted(config, tmp_path / f'killed_{runs}', draw)
        while kills and killed.is_killed(writing=kills[-1]):
            kills.pop()
        killed.run_to_its_end(workers=1)
        assert_same_run(whole.work_dir / 'iter_9.pth', killed.work_dir / 'iter_9.pth')
