"""Lines of the libraries that leave the screen stand in the log file; all others stay on it."""

import logging
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from mmengine.logging import MMLogger, print_log

from cft.compat import quiet_screen
from tests.support.command_line import ROOT, TINY, shell

# As the libraries write them.
QUIET = (
    '\n'
    + '-' * 60
    + '\nSystem environment:\n    sys.platform: linux\n\nRuntime environment:\n    seed: 0\n'
    + '-' * 60,
    "Config:\ndata_root = 'data/shapes'\n",
    'Hooks will be executed in the following order:\nbefore_run:\n(VERY_HIGH   ) RuntimeInfoHook',
    'Could not import OneDL',
    'Could not import OneDL. Skipping OneDL datasets.',
    'faster_coco_eval is not installed',
    '"FileClient" will be deprecated in future. Please use io functions in https://onedl-mmengine.readthedocs.io',
    '"HardDiskBackend" is the alias of "LocalBackend" and the former will be deprecated in future.',
    '`torch.jit.script` is deprecated. Please switch to `torch.compile` or `torch.export`.',
    'The prefix is not set in metric class FWIoUMetric.',
    'The draw is False, it means that the hook for visualization will not take effect.',
    'Distributed training is not used, all SyncBatchNorm (SyncBN) layers in the model will be automatically reverted',
    'Setting OMP_NUM_THREADS environment variable for each process to be 1 in default',
    'This DataLoader will create 4 worker processes in total. Our suggested max number of worker is 2',
)
# Ours, and such as resemble the others.
TOLD = (
    'SyncBN needs CUDA; on CPUs each process normalises its own images',
    '3 images are in the training and in the test data',
    'Checkpoints will be saved to work_dirs/ce.',
    'the Config: it says nothing of System environment: or Hooks',
    'the code of this run is another than that before',
)
SEVERAL_WAYS = """
import sys, warnings
warnings.simplefilter('always')
import cft
from mmengine.logging import MMLogger
import mmpretrain.datasets
warnings.warn('The draw is False, it means that the hook for visualization will not take effect.')
warnings.warn('a bolt is loose')
print('Could not import OneDL, says somebody else')
MMLogger.get_instance('run', log_file=sys.argv[1])
warnings.warn('This DataLoader will create 4 worker processes in total.', ResourceWarning)
"""


def written(logger: MMLogger) -> str:
    for handler in logger.handlers:
        handler.flush()
    return Path(logger.log_file).read_text()


def make_logger(folder: Path, **settings: object) -> MMLogger:
    return MMLogger.get_instance('run', log_file=str(folder / 'run.log'), **settings)


@pytest.mark.parametrize('level', [logging.INFO, logging.WARNING])
def test_logged_lines(level: int, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    logger = make_logger(tmp_path)
    for message in (*QUIET, *TOLD):
        print_log(message, 'current', level)
    screen, file = capsys.readouterr().out, written(logger)
    assert not [message for message in QUIET if message.strip('\n-') in screen]
    assert not [message for message in TOLD if message not in screen]
    assert not [message for message in (*QUIET, *TOLD) if message not in file]


def test_errors_stay(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_logger(tmp_path).error('Config:\nis wrong')
    assert 'is wrong' in capsys.readouterr().out


def test_debug_shows_all(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    logger = make_logger(tmp_path, log_level='DEBUG')
    for message in QUIET:
        logger.info(message)
    screen = capsys.readouterr().out
    assert not [message for message in QUIET if message not in screen]


def test_nothing_is_lost_without_a_file(capsys: pytest.CaptureFixture) -> None:
    logger = MMLogger.get_instance('screen only')
    for message in QUIET:
        logger.info(message)
    screen = capsys.readouterr().out
    assert not [message for message in QUIET if message not in screen]


def test_printed_before_there_is_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, however often it was said; what print_log prints otherwise is printed."""
    monkeypatch.setattr(quiet_screen, '_waiting', {})
    for message in (QUIET[3], QUIET[3], TOLD[0]):
        print_log(message, level=logging.DEBUG)
    assert capsys.readouterr().out == f'{TOLD[0]}\n'
    logger = make_logger(tmp_path)
    assert written(logger).count(QUIET[3]) == 1 and QUIET[3] not in capsys.readouterr().out
    print_log(QUIET[4])
    assert written(logger).count(QUIET[4]) == 1 and not capsys.readouterr().out


def test_again_it_does_nothing_more() -> None:
    before = MMLogger.__init__, warnings.showwarning
    quiet_screen.quieten()
    assert (MMLogger.__init__, warnings.showwarning) == before


def test_warnings_and_imports(tmp_path: Path) -> None:
    """In a process of its own, as pytest records warnings itself."""
    log = tmp_path / 'run.log'
    done = shell(sys.executable, '-c', SEVERAL_WAYS, log)
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'Could not import OneDL, says somebody else\n'
    assert 'UserWarning: a bolt is loose' in done.stderr
    assert 'draw is False' not in done.stderr and 'DataLoader' not in done.stderr
    file = log.read_text()
    for line in ('Could not import OneDL', 'The draw is False', '4 worker processes in total. (ResourceWarning, '):
        assert file.count(line) == 1, (line, file)


def lines_before_training(done: subprocess.CompletedProcess) -> list[str]:
    assert done.returncode == 0, done.stderr[-3000:]
    before, step, _ = done.stdout.partition('(train) [')
    assert step
    return before.splitlines()[:-1] + done.stderr.splitlines()


def assert_in_the_log(work: Path) -> None:
    (log,) = work.glob('*/*.log')
    told = log.read_text()
    for line in ('System environment:', 'PyTorch compiling details', 'optim_wrapper = dict', 'FileClient', 'OneDL'):
        assert line in told, line
    assert '(VERY_HIGH   ) RuntimeInfoHook' in told


@pytest.mark.slow
def test_a_run(tmp_path: Path) -> None:
    """Few lines before the first step; the setting in the log file."""
    config = ROOT / 'configs/quickstart/ce_digits.py'
    done = shell(sys.executable, ROOT / 'tools/train.py', config, '--work-dir', tmp_path, '--cfg-options', *TINY)
    assert len(lines_before_training(done)) < 10, done.stdout
    assert_in_the_log(tmp_path)


@pytest.mark.slow
def test_a_run_of_two_processes(tmp_path: Path) -> None:
    """The command of the README, which draws its data."""
    options = ('train_cfg.max_iters=2', 'default_hooks.logger.interval=1', f'data_root={tmp_path / "shapes"}')
    command = ('bash', ROOT / 'tools/dist_train.sh', 'configs/quickstart/coretuning_seg.py', 2)
    done = shell(*command, '--work-dir', tmp_path / 'work', '--cfg-options', *options)
    lines = lines_before_training(done)
    assert len(lines) < 10, lines
    assert any('drew the data set' in line for line in lines)
    assert_in_the_log(tmp_path / 'work')
