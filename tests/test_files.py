"""write_atomically: whatever happens, a file has its old content or the new one, and nothing stays beside it."""

import errno
import io
import multiprocessing
import os
import random
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from mmengine.fileio import get_file_backend

from cft.checkpoints import find_damage, read_checkpoint
from cft.errors import ConfigError
from cft.files import remove_leftovers, require_writable, write_atomically

FORK = multiprocessing.get_context('fork')


def archive(number: int, size: int = 500_000) -> bytes:
    """A checkpoint of 2 MB whose every value is ``number``."""
    buffer = io.BytesIO()
    torch.save({'weight': torch.full((size,), float(number))}, buffer)
    return buffer.getvalue()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def start(function: Callable, *arguments: object) -> multiprocessing.Process:
    process = FORK.Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


def test_content_mode_and_links(tmp_path: Path) -> None:
    """New folders are made, the mode follows the umask, a symbolic link stays one, the size may be 0."""
    path = tmp_path / 'a' / 'b' / 'file.pth'
    for data in (b'first', b'', b'x' * 3_000_000):
        write_atomically(path, data)
        assert path.read_bytes() == data
        assert names(path.parent) == ['file.pth']
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    (tmp_path / 'link.pth').symlink_to(path)
    write_atomically(tmp_path / 'link.pth', b'through the link')
    assert (tmp_path / 'link.pth').is_symlink()
    assert path.read_bytes() == b'through the link'


def test_content_from_a_function(tmp_path: Path) -> None:
    """It is complete or not there, whatever the function does to the file or raises."""
    path = tmp_path / 'a' / 'file.pth'
    write_atomically(path, lambda file: torch.save({'weight': torch.ones(2)}, file))
    assert read_checkpoint(path)['weight'].sum() == 2

    def fail(file: BinaryIO) -> None:
        file.write(b'half')
        raise ValueError('no more')

    with pytest.raises(ValueError, match='no more'):
        write_atomically(path, fail)
    assert read_checkpoint(path)['weight'].sum() == 2
    assert names(path.parent) == ['file.pth']


def test_bytes_are_on_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, then name, then folder; the order is what survives a crash of the machine."""
    calls = []
    path = tmp_path / 'file.pth'

    def note(name: str, function: Callable) -> Callable:
        def noted(*arguments: object) -> object:
            calls.append((name, path.exists()))
            return function(*arguments)

        return noted

    monkeypatch.setattr(os, 'fsync', note('fsync', os.fsync))
    monkeypatch.setattr(os, 'replace', note('replace', os.replace))
    write_atomically(path, b'x')
    assert calls == [('fsync', False), ('replace', False), ('fsync', True)]
    calls.clear()
    write_atomically(path, b'y', durable=False)
    assert calls == [('replace', True)] and path.read_bytes() == b'y'


class HalfWritten(io.FileIO):
    """Stops the process, as a scheduler does, when half of the bytes are written."""

    def write(self, data: bytes) -> int:
        super().write(data[: len(data) // 2])
        os.fsync(self.fileno())
        os.kill(os.getpid(), signal.SIGKILL)


def write_half(write: Callable, path: Path) -> None:
    import builtins

    builtins.open = lambda name, *_: HalfWritten(name, 'w')
    Path.open = lambda self, *_: HalfWritten(self, 'w')
    write(path, archive(2))


@pytest.mark.parametrize('atomically', [True, False])
def test_kill_in_the_middle_of_a_write(tmp_path: Path, atomically: bool) -> None:
    """The earlier file stays, and the next start removes the half one; MMEngine's writing tears the file."""
    from mmengine.fileio import LocalBackend

    def as_mmengine_did(path: Path, data: bytes) -> None:
        LocalBackend().put(data, path)

    path = tmp_path / 'last.pth'
    write_atomically(path, archive(1))
    process = start(write_half, write_atomically if atomically else as_mmengine_did, path)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    if not atomically:
        assert find_damage(path)
        return
    assert read_checkpoint(path)['weight'][0] == 1
    assert len(names(tmp_path)) == 2
    (leftover,) = remove_leftovers(tmp_path)
    assert f'.{process.pid}@{socket.gethostname()}.part' in leftover.name
    assert names(tmp_path) == ['last.pth']


def save_forever(path: Path) -> None:
    versions = [archive(number) for number in range(3)]
    while True:
        for data in versions:
            get_file_backend(str(path)).put(data, str(path))


def test_kills_at_random_moments(tmp_path: Path) -> None:
    """Through MMEngine's file access, as its runner writes: there is always one whole file of one version."""
    path = tmp_path / 'last.pth'
    torn = 0
    for seed in range(12):
        process = start(save_forever, path)
        while not path.exists():
            time.sleep(0.001)
        time.sleep(random.Random(seed).uniform(0.0, 0.05))
        process.kill()
        process.join()
        assert find_damage(path) is None
        assert len(read_checkpoint(path)['weight'].unique()) == 1
        torn += len(remove_leftovers(tmp_path))
        assert names(tmp_path) == ['last.pth']
    assert torn > 0


def write_after_a_while(path: Path, begin: object) -> None:
    replace = os.replace

    def slow(*names: object) -> None:
        begin.set()
        time.sleep(60)
        replace(*names)

    os.replace = slow
    write_atomically(path, b'x')


def test_leftovers_of_the_living_stay(tmp_path: Path) -> None:
    """Of a living process; of another machine until it is silent for an hour; what has another name."""
    begin = FORK.Event()
    process = start(write_after_a_while, tmp_path / 'last.pth', begin)
    assert begin.wait(20)
    fresh, silent = tmp_path / '.a.pth.1@elsewhere.part', tmp_path / '.b.pth.1@elsewhere.part'
    others = [tmp_path / '.model.part', tmp_path / 'c.pth.part', tmp_path / '.d.pth.99999999@x']
    for path in (fresh, silent, *others):
        path.write_bytes(b'x')
    os.utime(silent, (time.time() - 4000,) * 2)
    before = names(tmp_path)
    try:
        assert remove_leftovers(tmp_path) == [silent]
        assert names(tmp_path) == sorted(set(before) - {silent.name})
    finally:
        process.kill()
        process.join()
    assert len(remove_leftovers(tmp_path)) == 1
    assert remove_leftovers(tmp_path / 'nowhere') == []


def test_size_limit(tmp_path: Path) -> None:
    """A limit that the operating system sets, as a full disk does, after some of the bytes are written."""
    path = tmp_path / 'last.pth'
    write_atomically(path, archive(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match='File too large'):
            write_atomically(path, archive(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert read_checkpoint(path)['weight'][0] == 1
    assert names(tmp_path) == ['last.pth']


@pytest.mark.parametrize('where', ['write', 'fsync', 'replace', 'interrupt'])
def test_failures_leave_the_old_file(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is found full only when it is asked to keep the bytes; Ctrl-C."""
    path = tmp_path / 'last.pth'
    write_atomically(path, b'old')
    error = KeyboardInterrupt() if where == 'interrupt' else OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        if where == 'write':
            patch.setattr(Path, 'open', lambda self, *_: os.fdopen(os.open('/dev/full', os.O_WRONLY), 'wb'))
        else:
            patch.setattr(os, 'replace' if where == 'replace' else 'fsync', fail)
        with pytest.raises(type(error)):
            write_atomically(path, b'new')
    assert path.read_bytes() == b'old'
    assert names(tmp_path) == ['last.pth']


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / 'last.pth').mkdir()
    with pytest.raises(OSError, match='directory'):
        write_atomically(tmp_path / 'last.pth', b'x')
    assert names(tmp_path) == ['last.pth']


def test_a_planted_link_is_not_written_through(tmp_path: Path) -> None:
    """The temporary name can be guessed: what somebody put there stays as it is."""
    victim = tmp_path / 'victim'
    victim.write_bytes(b'mine')
    (tmp_path / f'.file.pth.{os.getpid()}@{socket.gethostname()}.part').symlink_to(victim)
    write_atomically(tmp_path / 'file.pth', b'content')
    assert (tmp_path / 'file.pth').read_bytes() == b'content' and not (tmp_path / 'file.pth').is_symlink()
    assert victim.read_bytes() == b'mine'


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in its place or above it, a name too long, a full disk: nothing is left behind, and the file stays."""
    file = tmp_path / 'file'
    file.write_text('here')
    for folder in (file, file / 'below' / 'deeper'):
        with pytest.raises(ConfigError, match=f'cannot be made: {file} is a file'):
            require_writable(folder)
    with pytest.raises(ConfigError, match='cannot be written: File name too long'):
        require_writable(tmp_path / ('x' * 300))
    assert require_writable(tmp_path / 'work' / 'run').is_dir() and not list((tmp_path / 'work' / 'run').iterdir())

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(ConfigError, match='cannot be written: No space left on device'):
        require_writable(tmp_path / 'work' / 'run')
    assert not list((tmp_path / 'work' / 'run').iterdir()) and file.read_text() == 'here'
