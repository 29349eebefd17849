"""After dist_train.sh a user's mistake is the last line; errors of the program and torchrun's summary stay."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, shell

pytestmark = pytest.mark.slow

# Stands for a tool: what the two ranks do, without an import of the libraries.
WORKER = """
import os, sys, time
sys.path.insert(0, {root!r})
from cft_cli.errors import _tell
rank = int(os.environ['RANK'])
{program}
"""


def launched(folder: Path, program: str) -> subprocess.CompletedProcess:
    worker = folder / 'worker.py'
    worker.write_text(WORKER.format(root=str(ROOT), program=program))
    launcher = (sys.executable, ROOT / 'tools/_launch.py', '--standalone', '--nproc_per_node=2')
    return shell(*launcher, worker, cwd=folder)


def test_a_mistake_of_all_is_told_once(tmp_path: Path) -> None:
    program = """
_tell(f'no config x, rank {rank}', everywhere=False)
# Both have spoken before torchrun sees the first one end and ends the other.
open(f'spoken.{rank}', 'w').close()
while not os.path.exists(f'spoken.{1 - rank}'):
    time.sleep(0.01)
sys.exit(2)"""
    done = launched(tmp_path, program)
    assert (done.returncode, done.stderr) == (2, 'error: no config x, rank 0\n')


def test_a_mistake_that_one_finds(tmp_path: Path) -> None:
    """The other is ended by torchrun."""
    done = launched(tmp_path, "rank or time.sleep(60); _tell('no file y', everywhere=True); sys.exit(2)")
    assert (done.returncode, done.stderr) == (2, 'error: no file y\n')


def test_the_first_process_is_ended_before_it_speaks(tmp_path: Path) -> None:
    done = launched(tmp_path, "rank or time.sleep(60); _tell('no config x', everywhere=False); sys.exit(2)")
    assert (done.returncode, done.stderr) == (2, 'error: no config x\n')


def test_the_mistake_follows_what_is_printed_at_exit(tmp_path: Path) -> None:
    program = """
import atexit
atexit.register(lambda: print('a library takes leave', file=sys.stderr))
_tell('no config x', everywhere=False); sys.exit(2)"""
    done = launched(tmp_path, program)
    assert done.stderr.splitlines()[-1] == 'error: no config x' and done.stderr.count('takes leave') > 0


def test_an_error_of_the_program_stays_visible(tmp_path: Path) -> None:
    """Its traceback, the other's line, torchrun's comments and summary."""
    program = """
if rank:
    raise ValueError('a bolt is loose')
time.sleep(0.3)
_tell('rank 1 failed', everywhere=True)
sys.exit(2)"""
    done = launched(tmp_path, program)
    assert done.returncode == 1
    for part in ('Traceback', 'ValueError: a bolt is loose', 'failed (exitcode', 'Root Cause'):
        assert part in done.stderr, part


def test_killed_process(tmp_path: Path) -> None:
    """By the kernel for want of memory, say: only torchrun tells."""
    done = launched(tmp_path, 'import signal\nrank and os.kill(os.getpid(), signal.SIGKILL)\ntime.sleep(60)')
    assert done.returncode == 1 and 'Signal 9 (SIGKILL)' in done.stderr


def test_all_have_saved(tmp_path: Path) -> None:
    done = launched(tmp_path, 'sys.exit(75)')
    assert (done.returncode, done.stderr) == (75, '')


def test_success(tmp_path: Path) -> None:
    done = launched(tmp_path, "os.write(1, b'done\\n')")
    assert (done.returncode, done.stdout, done.stderr) == (0, 'done\ndone\n', '')


@pytest.mark.parametrize(
    ('config', 'options', 'parts'),
    [
        (
            'configs/coretuning/r50_voc_seg.py',
            (),
            ('no list of images data/VOCdevkit', 'VOCtrainval_11-May-2012.tar', 'benchmark.tgz', 'prepare_voc.py'),
        ),
        ('configs/coretuning/r50_voc_sge.py', (), ('no config', 'r50_voc_seg.py')),
        ('configs/quickstart/ce_digits.py', ('train_cfg.max_iter=4',), ('max_iter', 'max_iters')),
        ('configs/quickstart/ce_digits.py', ('checkpoint=nowhere.pth',), ('nowhere.pth',)),
    ],
)
def test_what_a_user_may_meet(config: str, options: tuple[str, ...], parts: tuple[str, ...], tmp_path: Path) -> None:
    command = ['bash', ROOT / 'tools/dist_train.sh', ROOT / config, 2, '--work-dir', tmp_path / 'work']
    done = shell(*command, *(('--cfg-options', *options) if options else ()), cwd=tmp_path)
    assert done.returncode == 2
    *before, last = done.stderr.splitlines()
    assert last.startswith('error: ') and all(part in last for part in parts), done.stderr
    assert 'Traceback' not in done.stderr and 'torch' not in ''.join(before)
