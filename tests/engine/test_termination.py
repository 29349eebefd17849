"""SIGTERM, SIGUSR1 and Ctrl-C save after the next step, and the resumed run is the uninterrupted one."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from cft.apis import build_runner, train
from cft.engine.hooks import TerminationHook
from cft.engine.stop_signals import StopSignals, TrainingStopped, shield_workers
from cft.registry import HOOKS
from tests.support.digits_runs import CONFIGS, short_config

NUMBERS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


@pytest.fixture(autouse=True)
def no_layout_of_config_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes more time than all else."""
    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, False))


@pytest.fixture(autouse=True)
def handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    yield
    assert [signal.getsignal(number) for number in NUMBERS] == before


@HOOKS.register_module()
class SignalAt(Hook):
    """Sends this process a signal at a call of the loop."""

    priority = 'HIGHEST'

    def __init__(self, number: int, place: str, iteration: int) -> None:
        def send(runner: Runner, **_: object) -> None:
            if runner.iter == iteration:
                os.kill(os.getpid(), number)

        setattr(self, place, send)


def config(work_dir: Path, **overrides: object) -> Config:
    """Six iterations, a validation after every three, a moving average; no checkpoint before the end."""
    settings = {'train_cfg__val_interval': 3, 'default_hooks__checkpoint__interval': 6} | overrides
    cfg = short_config('ce', work_dir, iterations=6, **settings)
    cfg.custom_hooks = [dict(type='EMAHook', momentum=0.3)]
    return cfg


def stopped(cfg: Config, number: signal.Signals, place: str, iteration: int) -> int:
    """Exit code of a run that gets a signal."""
    cfg.custom_hooks.append(dict(type='cft.SignalAt', number=int(number), place=place, iteration=iteration))
    with pytest.raises(TrainingStopped) as stop:
        train(cfg)
    return stop.value.code


def content(path: Path) -> dict:
    return torch.load(path, weights_only=False)


def assert_same_weights(first: Path, second: Path) -> None:
    one, other = content(first), content(second)
    for key in ('state_dict', 'ema_state_dict'):
        for name, value in one[key].items():
            assert torch.equal(value, other[key][name]), (key, name)


@pytest.fixture(scope='module')
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work_dir = tmp_path_factory.mktemp('whole')
    train(config(work_dir))
    return work_dir / 'iter_6.pth'


@pytest.mark.parametrize(
    ('number', 'place', 'iteration', 'saved'),
    [
        (signal.SIGTERM, 'before_train_iter', 1, 2),
        (signal.SIGUSR1, 'after_train_iter', 0, 2),
        (signal.SIGINT, 'before_train_iter', 3, 4),
        # In a validation, whose average weights are not those that are trained.
        (signal.SIGTERM, 'after_val_iter', 3, 3),
        (signal.SIGUSR1, 'after_val_epoch', 3, 4),
        (signal.SIGTERM, 'before_train_epoch', 0, 1),
    ],
)
def test_save_and_resume(
    number: signal.Signals, place: str, iteration: int, saved: int, whole: Path, tmp_path: Path
) -> None:
    """The signal that comes before a step is followed by that step, one that comes after it by the next."""
    assert stopped(config(tmp_path), number, place, iteration) == 75
    file = tmp_path / 'interrupted.pth'
    assert content(file)['meta']['iter'] == saved and not list(tmp_path.glob('iter_*'))
    assert (tmp_path / 'last_checkpoint').read_text() == str(file)
    cfg = config(tmp_path)
    cfg.resume = True
    train(cfg)
    assert_same_weights(whole, tmp_path / 'iter_6.pth')


def test_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    """With checkpoints at the ends of epochs only; beside them where they are written."""
    name, settings = 'sce', {'iterations': 2, 'default_hooks__checkpoint__interval': 2}
    train(short_config(name, tmp_path / 'whole', **settings))
    settings['default_hooks__checkpoint__out_dir'] = str(tmp_path / 'elsewhere')
    cfg = short_config(name, tmp_path / 'run', **settings)
    assert stopped(cfg, signal.SIGTERM, 'before_train_iter', 1) == 75
    folder = tmp_path / 'elsewhere' / 'run'
    meta = content(folder / 'interrupted.pth')['meta']
    assert (meta['epoch'], meta['iter']) == (0, 2)
    cfg = short_config(name, tmp_path / 'run', **settings)
    cfg.resume = True
    train(cfg)
    expected, found = (content(path / 'epoch_2.pth')['state_dict'] for path in (tmp_path / 'whole', folder))
    assert all(torch.equal(value, found[key]) for key, value in expected.items())


def test_a_full_disk_is_told_and_changes_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(Runner, 'save_checkpoint', full)
    assert stopped(config(tmp_path), signal.SIGTERM, 'before_train_iter', 1) == 1
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'interrupted.pth was not written' in log and 'No space left on device' in log
    assert 'with --resume continues' not in log


def test_every_config_has_it_unless_it_says_no(tmp_path: Path) -> None:
    assert any(isinstance(hook, TerminationHook) for hook in build_runner(config(tmp_path / 'with')).hooks)
    cfg = config(tmp_path / 'without')
    cfg.default_hooks.termination = None
    assert not any(isinstance(hook, TerminationHook) for hook in build_runner(cfg).hooks)


def test_handlers_are_given_back_after_an_error(tmp_path: Path) -> None:
    """The fixture looks."""
    cfg = config(tmp_path)
    cfg.custom_hooks.append(dict(type='cft.SignalAt', number=1000, place='before_train_iter', iteration=1))
    with pytest.raises(OSError, match='Invalid argument'):
        train(cfg)


def test_outside_the_main_thread(tmp_path: Path) -> None:
    """A run trains there; it cannot receive signals."""
    finished: list[Runner] = []
    thread = threading.Thread(target=lambda: finished.append(train(config(tmp_path))))
    thread.start()
    thread.join()
    assert finished[0].iter == 6


def test_one_request_from_two_sides_is_one() -> None:
    """A launcher passes on what its processes have got as well."""
    signals = StopSignals()
    signals.install()
    for number in (*NUMBERS, *NUMBERS):
        os.kill(os.getpid(), number)
    signals.restore()
    assert signals.received == signal.SIGTERM


@pytest.mark.slow
@pytest.mark.parametrize(('first', 'second'), [('SIGUSR1', 'SIGTERM'), ('SIGINT', 'SIGINT')])
def test_a_second_signal_ends_the_process_at_once(first: str, second: str) -> None:
    program = (
        'import os, signal, time\n'
        'from cft.engine.stop_signals import StopSignals\n'
        'StopSignals().install()\n'
        f'os.kill(os.getpid(), signal.{first})\n'
        'time.sleep(2.1)\n'
        f'os.kill(os.getpid(), signal.{second})\n'
        'time.sleep(100)\n'
    )
    environment = os.environ | {'PYTHONPATH': str(CONFIGS.parent)}
    done = subprocess.run([sys.executable, '-c', program], env=environment, timeout=90, check=False)
    assert done.returncode == -signal.Signals[second]


def test_an_ignored_interrupt_stays_ignored() -> None:
    """A run that a script has put into the background is not meant by the terminal's Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    signals = StopSignals()
    try:
        signals.install()
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.received is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.received == signal.SIGTERM
    finally:
        signals.restore()
        signal.signal(signal.SIGINT, before)


def test_workers_obey_the_main_process_alone() -> None:
    """Schedulers send signals to them, too; without workers nothing could be saved any more."""
    loader = DataLoader(range(100), num_workers=2, batch_size=1)
    shield_workers(loader)
    shield_workers(loader)
    batches = iter(loader)
    # One of each worker: both are past their start.
    next(batches), next(batches)
    workers = batches._workers
    for number in ('TERM', 'USR1', 'INT'):
        subprocess.run(['kill', f'-{number}', *(str(worker.pid) for worker in workers)], check=True)
    assert [int(batch) for batch in batches] == list(range(2, 100))
    batches = iter(loader)
    workers = batches._workers
    next(batches), next(batches)
    for worker in workers:
        worker.terminate()
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]


def test_worker_init_fn_is_still_called(tmp_path: Path) -> None:
    loader = DataLoader(range(2), num_workers=1, worker_init_fn=lambda number: (tmp_path / str(number)).touch())
    shield_workers(loader)
    assert len(list(loader)) == 2 and (tmp_path / '0').exists()
