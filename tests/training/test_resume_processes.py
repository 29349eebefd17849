"""Runs of several processes, killed or asked to stop as a scheduler does it, then resumed to the same weights."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.support.digits_runs import short_config
from tests.support.forked import launcher
from tests.training.interrupted_runs import (
    ROOT,
    assert_same_run,
    clusters,
    exit_code,
    iterations_in,
    queue_and_averages,
    train_tool,
    wait_until,
    write,
)

pytestmark = pytest.mark.slow
# Of three batches on each rank; enough to be stopped three times.
EPOCHS = 6
ITERATIONS = 3 * EPOCHS


@pytest.fixture(autouse=True)
def modules_for_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PYTHONPATH', str(ROOT))


def two_ranks(config: Path, work_dir: Path, workers: int = 1) -> list[BaseProcess]:
    """Start ``tools/train.py --resume`` on two ranks, as torchrun would."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    arguments = [str(config), '--work-dir', str(work_dir), '--resume', '--launcher', 'pytorch']
    arguments += ['--cfg-options', f'train_dataloader.num_workers={workers}']
    processes = []
    for rank in range(2):
        environment = {
            'RANK': rank,
            'LOCAL_RANK': rank,
            'WORLD_SIZE': 2,
            'MASTER_ADDR': '127.0.0.1',
            'MASTER_PORT': port,
        }
        log = work_dir / f'rank_{rank}.txt'
        process = launcher().Process(target=train_tool, args=(arguments, log, None, environment))
        process.start()
        processes.append(process)
    return processes


def more_iterations(log: Path, number: int) -> Callable[[], bool]:
    wanted = iterations_in(log) + number
    return lambda: iterations_in(log) >= wanted


def run_to_the_end(config: Path, work_dir: Path) -> Path:
    codes = [exit_code(process) for process in two_ranks(config, work_dir)]
    assert codes == [0, 0], (work_dir / 'rank_0.txt').read_text()[-3000:]
    return work_dir / f'iter_{ITERATIONS}.pth'


def made(make: Callable, folder: Path, interval: int) -> Path:
    """A config of so many epochs."""
    cfg = make(folder)
    cfg.train_cfg.max_epochs = EPOCHS
    cfg.train_dataloader.batch_size = 10
    return write(cfg, folder / 'config.py', interval=interval)


def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ('whole', 'stopped'):
        (tmp_path / name).mkdir()
    return tmp_path / 'whole', tmp_path / 'stopped'


def test_killed(tmp_path: Path) -> None:
    """All ranks at once, then each of them alone; gradients in accumulation are those of each rank."""
    config = made(queue_and_averages, tmp_path, interval=1)
    whole, killed = folders(tmp_path)
    expected = run_to_the_end(config, whole)
    log = killed / 'rank_0.txt'
    for ranks in ((0, 1), (0,), (1,)):
        processes = two_ranks(config, killed, workers=len(ranks) - 1)
        assert wait_until(more_iterations(log, 2), processes[0]), log.read_text()[-3000:]
        for rank in ranks:
            processes[rank].kill()
        codes = [exit_code(process) for process in processes]
        assert all(code != 0 for code in codes) and all(codes[rank] == -signal.SIGKILL for rank in ranks)
    assert_same_run(expected, run_to_the_end(config, killed))


@pytest.fixture(scope='module')
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A config of clusters, and the last checkpoint of its run."""
    folder = tmp_path_factory.mktemp('undisturbed')
    config = made(clusters, folder, interval=ITERATIONS)
    return config, run_to_the_end(config, folders(folder)[0])


def test_signal_to_one_rank(undisturbed: tuple[Path, Path], tmp_path: Path) -> None:
    """Each signal, to either rank: both save after the same step, with what both have collected, and leave."""
    config, expected = undisturbed
    _, stopped = folders(tmp_path)
    log = stopped / 'rank_0.txt'
    for rank, number in ((0, signal.SIGTERM), (1, signal.SIGUSR1), (0, signal.SIGINT)):
        processes = two_ranks(config, stopped)
        assert wait_until(more_iterations(log, 2), processes[0]), log.read_text()[-3000:]
        os.kill(processes[rank].pid, number)
        assert [exit_code(process) for process in processes] == [75, 75], log.read_text()[-3000:]
        assert (stopped / 'last_checkpoint').read_text() == str(stopped / 'interrupted.pth')
    assert_same_run(expected, run_to_the_end(config, stopped))


@pytest.fixture
def torchrun(tmp_path: Path) -> Iterator[Callable[[Path, Path], subprocess.Popen]]:
    """Starts ``tools/dist_train.sh``; whatever is left of it ends with the test."""
    started: list[subprocess.Popen] = []

    def start(config: Path, work_dir: Path) -> subprocess.Popen:
        command = ['bash', str(ROOT / 'tools' / 'dist_train.sh'), str(config), '2', '--work-dir', str(work_dir)]
        environment = os.environ | {'PYTHON': sys.executable, 'OMP_NUM_THREADS': '1'}
        with (work_dir / 'rank_0.txt').open('a') as log:
            process = subprocess.Popen(
                [*command, '--resume'], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def test_signal_to_torchrun(undisturbed: tuple[Path, Path], torchrun: Callable, tmp_path: Path) -> None:
    """Each signal reaches the ranks, which have the time to save; the launcher's own code says that it was stopped.

    Ctrl-C goes to the whole process group of the launcher.
    """
    config, expected = undisturbed
    _, stopped = folders(tmp_path)
    log = stopped / 'rank_0.txt'
    for count, number in enumerate((signal.SIGUSR1, signal.SIGINT, signal.SIGTERM), start=1):
        process = torchrun(config, stopped)
        process.is_alive = lambda process=process: process.poll() is None
        assert wait_until(more_iterations(log, 2), process), log.read_text()[-3000:]
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        assert process.wait(90) == 1
        assert (stopped / 'last_checkpoint').read_text() == str(stopped / 'interrupted.pth')
        assert log.read_text().count('Saved interrupted.pth') == count
        # torchrun's traceback is not for the user.
        assert 'Traceback' not in log.read_text()
        assert 'with --resume continues' in log.read_text().splitlines()[-1]
    assert_same_run(expected, run_to_the_end(config, stopped))


def test_command_line(tmp_path: Path) -> None:
    """The command as a user gives it: killed, interrupted, stopped, resumed."""
    cfg = short_config('coin', tmp_path, iterations=30, train_cfg__val_interval=30)
    config = write(cfg, tmp_path / 'config.py', interval=2)
    whole, stopped = folders(tmp_path)
    command = [sys.executable, str(ROOT / 'tools' / 'train.py'), str(config), '--resume', '--work-dir']

    def start(work_dir: Path, workers: int) -> subprocess.Popen:
        options = ['--cfg-options', f'train_dataloader.num_workers={workers}']
        with (work_dir / 'log.txt').open('a') as log:
            process = subprocess.Popen(
                [*command, str(work_dir), *options], stdout=log, stderr=log, start_new_session=True
            )
        process.is_alive = lambda: process.poll() is None
        return process

    log = stopped / 'log.txt'
    stops = ((2, signal.SIGKILL, -signal.SIGKILL), (2, signal.SIGINT, 75), (0, signal.SIGTERM, 75))
    for workers, number, code in stops:
        process = start(stopped, workers)
        assert wait_until(more_iterations(log, 4), process), log.read_text()[-3000:]
        if number == signal.SIGINT:
            # As a terminal's Ctrl-C: to the workers of the loader, too.
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        assert process.wait(90) == code
    for work_dir, workers in ((stopped, 1), (whole, 0)):
        assert start(work_dir, workers).wait(120) == 0
    assert_same_run(whole / 'iter_30.pth', stopped / 'iter_30.pth')
