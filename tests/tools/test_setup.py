"""tools/setup_env.sh says in one line what is missing, and does nothing twice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import ROOT

UTILITIES = ('awk', 'bash', 'cat', 'cksum', 'df', 'dirname', 'grep', 'mkdir', 'seq', 'sleep', 'tail', 'tr', 'uname')
SCRIPT = 'source "$1/tools/setup_env.sh"; prepare_environment; echo "ready: $PYTHON"'


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A PATH with the usual utilities and no Python."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in UTILITIES:
        found = shutil.which(name)
        if found:
            (folder / name).symlink_to(found)
    return folder


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
    assert 'no Python 3.10, 3.11 or 3.12' in error and 'PYTHON=' in error


def test_no_disk(commands: Path, tmp_path: Path) -> None:
    (commands / 'df').unlink()
    (commands / 'df').write_text('#!/bin/sh\necho head\necho disk 9 9 1048576 9 /\n')
    (commands / 'df').chmod(0o755)
    error = only_error(prepare(commands, tmp_path / 'venv', PYTHON=sys.executable))
    assert '1 GB free' in error and 'CFT_VENV' in error


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
