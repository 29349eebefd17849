"""A folder is held by one process, and free again however that one ends."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cft.engine.sole_run import sole_run
from cft.errors import ConfigError
from tests.support.command_line import ROOT

# Without the libraries' import: the module alone, under stand-ins for what it takes from them.
HOLDER = """
import os, sys, time, types
logging = types.ModuleType('mmengine.logging'); logging.print_log = print
errors = types.ModuleType('cft.errors'); errors.ConfigError = ValueError
for name in ('mmengine', 'cft'): sys.modules[name] = types.ModuleType(name)
sys.modules |= {'mmengine.logging': logging, 'cft.errors': errors}
space = {}
exec(open(sys.argv[1]).read(), space)
with space['sole_run'](sys.argv[2], 'the first run'):
    child = os.fork()
    if child:
        print(child, flush=True)
    time.sleep(600)
"""


def test_the_second_is_told_of_the_first_and_a_killed_one_leaves_nothing(tmp_path: Path) -> None:
    """Not even while a worker of the killed process lives."""
    command = [sys.executable, '-c', HOLDER, str(ROOT / 'cft/engine/sole_run.py'), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        worker = int(first.stdout.readline())
        try:
            begun = f'the first run, begun .*, process {first.pid} on '
            with pytest.raises(ConfigError, match=begun) as told, sole_run(tmp_path, 'the second'):
                pass
            assert str(tmp_path) in str(told.value) and '--work-dir' in str(told.value)
            first.send_signal(signal.SIGKILL)
            first.wait()
            os.kill(worker, 0)
            with sole_run(tmp_path, 'the second'):
                assert 'the second' in (tmp_path / '.running').read_text()
        finally:
            os.kill(worker, signal.SIGKILL)
    assert (tmp_path / '.running').read_text() == ''


def test_within_one_process(tmp_path: Path) -> None:
    """A tool holds the folder in which it trains; an error lets it go."""
    with sole_run(tmp_path, 'outer'), sole_run(tmp_path / '.', 'inner'):
        pass
    with pytest.raises(KeyError), sole_run(tmp_path, 'failing'):
        raise KeyError
    with sole_run(tmp_path, 'after'):
        assert 'after' in (tmp_path / '.running').read_text()


def test_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(fcntl, 'lockf', refuse)
    with sole_run(tmp_path, 'a run'):
        pass
    told = ''.join(capfd.readouterr())
    assert 'no locks' in told and str(tmp_path) in told


def test_what_cannot_be_held(tmp_path: Path) -> None:
    """A file in its place, and a link that leads elsewhere."""
    (tmp_path / 'file').write_text('kept')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder' / '.running').symlink_to(tmp_path / 'file')
    for folder in ('file', 'folder', 'file/below'):
        with pytest.raises(ConfigError, match='--work-dir'), sole_run(tmp_path / folder, 'a run'):
            pass
    assert (tmp_path / 'file').read_text() == 'kept'
