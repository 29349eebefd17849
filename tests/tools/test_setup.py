"""tools/setup_env.sh says in one line what is missing, and does nothing twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import ROOT

UTILITIES = ('awk', 'bash', 'cat', 'cksum', 'dirname', 'grep', 'mkdir', 'seq', 'sleep', 'tail', 'tr', 'uname')
SCRIPT = 'source "$1/tools/setup_env.sh"; prepare_environment; echo "ready: $PYTHON"'


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A PATH with the usual utilities, room on the disk and no Python."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in UTILITIES:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    set_free_space(folder, gigabytes=100)
    return folder


def set_free_space(commands: Path, gigabytes: int) -> None:
    """What df says, so that the machine's own disk does not decide."""
    (commands / 'df').write_text(f'#!/bin/sh\necho head\necho disk 9 9 {gigabytes << 20} 9 /\n')
    (commands / 'df').chmod(0o755)


def prepare(commands: Path, venv: Path, **environment: str) -> subprocess.CompletedProcess:
    settings = {'PATH': str(commands), 'CFT_VENV': str(venv), 'HOME': str(venv.parent), 'PIP_CONFIG_FILE': os.devnull}
    command = ['bash', '-c', SCRIPT, 'bash', str(ROOT)]
    return subprocess.run(command, env=settings | environment, capture_output=True, text=True, timeout=200)


def only_error(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 1 and 'ready' not in done.stdout
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith('error: '), done.stderr
    return lines[0]


def test_no_python(commands: Path, tmp_path: Path) -> None:
    error = only_error(prepare(commands, tmp_path / 'venv'))
    assert 'no Python 3.10 to 3.14' in error and 'PYTHON=' in error


def test_python_that_the_set_or_a_dependency_has_no_release_for(commands: Path, tmp_path: Path) -> None:
    """Named by its version, whichever it is: the script asks Python itself."""
    for version, chosen, accepted in (
        ('3.9.18', '', False),
        ('3.10.13', '', True),
        ('3.14.0', '', True),
        ('3.14.1', '', False),
        ('3.14.2', '', True),
        ('3.15.0', '', False),
        ('3.10.13', 'newest', False),
        ('3.14.0', 'newest', True),
        ('3.13.0', 'oldest', False),
        ('3.10.13', 'oldest', True),
    ):
        python = commands / 'python-of-a-version'
        numbers = ', '.join(version.split('.'))
        python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = ({numbers}); $2"\n')
        python.chmod(0o755)
        script = 'source "$0/tools/setup_env.sh"; find_python'
        environment = {'PATH': str(commands), 'PYTHON': str(python), 'CFT_CONSTRAINTS': chosen}
        done = subprocess.run(
            ['bash', '-c', script, str(ROOT)], env=environment, capture_output=True, text=True, timeout=60
        )
        assert (done.stdout.strip() == str(python)) is accepted, (version, chosen, done.stderr)
        if not accepted:
            assert done.returncode == 1 and done.stderr.count('\n') == 1 and 'no Python 3.1' in done.stderr


def test_unknown_constraints(commands: Path, tmp_path: Path) -> None:
    error = only_error(prepare(commands, tmp_path / 'venv', PYTHON=sys.executable, CFT_CONSTRAINTS='latest'))
    assert error == 'error: CFT_CONSTRAINTS=latest: it is oldest, newest, or not set'


def test_no_disk(commands: Path, tmp_path: Path) -> None:
    set_free_space(commands, gigabytes=1)
    error = only_error(prepare(commands, tmp_path / 'venv', PYTHON=sys.executable))
    assert '1 GB free' in error and 'CFT_VENV' in error


@pytest.mark.slow
def test_no_network(commands: Path, tmp_path: Path) -> None:
    offline = {'PIP_INDEX_URL': 'http://127.0.0.1:9/simple', 'PIP_RETRIES': '1', 'PIP_TIMEOUT': '2'}
    error = only_error(prepare(commands, tmp_path / 'venv', PYTHON=sys.executable, **offline))
    assert 'could not be downloaded' in error and 'network' in error


def test_nowhere_to_write(commands: Path, tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    error = only_error(prepare(commands, tmp_path / 'file' / 'venv', PYTHON=sys.executable))
    assert 'cannot write' in error and 'CFT_VENV' in error


def test_second_run_does_nothing(commands: Path, tmp_path: Path) -> None:
    """With the stamp of an earlier installation, pip is not called: a broken one would fail."""
    python = tmp_path / 'venv' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\ntest "$1" = -c\n')
    python.chmod(0o755)
    failed = prepare(commands, tmp_path / 'venv')
    assert 'installation failed' in only_error(failed)
    stamp = subprocess.run(
        ['bash', '-c', 'cat "$0/setup.py" "$0/tools/constraints.txt" <(echo "$0") | cksum', str(ROOT)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    (tmp_path / 'venv' / '.cft-installed').write_text(stamp)
    done = prepare(commands, tmp_path / 'venv')
    assert done.returncode == 0 and done.stdout == f'ready: {python}\n'


@pytest.mark.parametrize('loads', [True, False], ids=['loads', 'no libGL'])
def test_opencv_without_libgl(loads: bool, commands: Path, tmp_path: Path) -> None:
    """Of the two OpenCVs that the libraries require, the one without a window system is put on top."""
    python = tmp_path / 'venv' / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    calls = tmp_path / 'calls'
    python.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        f'"-c import cv2") exit {0 if loads else 1} ;;\n'
        '"-c from importlib.metadata"*) echo 4.12.0.88 ;;\n'
        f'*) echo "$*" >>{calls} ;;\nesac\n'
    )
    python.chmod(0o755)
    script = 'source "$0/tools/setup_env.sh"; VENV=$1 INSTALL_START=0; keep_opencv_headless'
    done = subprocess.run(
        ['bash', '-c', script, str(ROOT), str(tmp_path / 'venv')],
        env={'PATH': str(commands)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    called = calls.read_text() if calls.exists() else ''
    assert called.endswith('--force-reinstall --no-deps opencv-python-headless==4.12.0.88\n') is not loads
