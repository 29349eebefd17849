"""Files that are complete under their name, or not there: the one place where the project writes them."""

import contextlib
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cft.errors import ConfigError

PART = re.compile(r'\..+\.(?P<pid>\d+)@(?P<host>.+)\.part')
# A process on another machine cannot be asked whether it lives; one that writes changes its file all the time.
SECONDS_OF_SILENCE = 3600
# A disk that is full may still make an empty file.
PROBE = bytes(4096)


def write_atomically(path: str | Path, content: bytes | Callable[[BinaryIO], object], durable: bool = True) -> None:
    """Write a file so that a process killed at any moment, or a crash of the machine, leaves the old or the new one.

    The bytes go to a temporary file in the same folder, ``.NAME.PID@HOST.part``,
    which takes the name after they have reached the disk. If that fails, the
    temporary file is removed and a file that had the name is as it was. A
    symbolic link stays one.

    Args:
        path: The file; its folder is made if it is missing.
        content: All of it, or a function that writes it to the file that it is given.
        durable: Wait until the disk has it. False, for thousands of files that can be made again, bears a kill but
            not a crash of the machine.

    Raises:
        OSError: If the disk is full, or the folder cannot be written.
        Exception: Whatever ``content`` raises.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), 'last_checkpoint')
        >>> write_atomically(path, b'epoch_3.pth')
        >>> write_atomically(path, lambda file: file.write(b'epoch_4.pth'))
        >>> path.read_bytes()
        b'epoch_4.pth'
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}@{socket.gethostname()}.part')
    # What has this name is left of a killed process, or a link that somebody put there: it is not written through.
    part.unlink(missing_ok=True)
    try:
        with part.open('xb') as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if durable:
        # The data are safe under the new name; some network file systems cannot put a folder on disk on demand.
        with contextlib.suppress(OSError):
            _sync_folder(path.parent)


def require_writable(folder: str | Path) -> Path:
    """Make a folder, and write and remove a small file in it, before work for it is done.

    Args:
        folder: With those above it.

    Returns:
        The folder.

    Raises:
        ConfigError: If a file has its name, its path is too long, or it cannot be written or is full.

    Example:
        >>> import tempfile
        >>> require_writable(Path(tempfile.mkdtemp(), 'work_dirs', 'flowers')).is_dir()
        True
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / f'.writable.{os.getpid()}', PROBE)
        (folder / f'.writable.{os.getpid()}').unlink(missing_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(path for path in (folder, *folder.parents) if path.exists() and not path.is_dir())
        raise ConfigError(f'{folder} cannot be made: {file} is a file; give another folder or move the file') from error
    except OSError as error:
        raise ConfigError(
            f'{folder} cannot be written: {error.strerror or error}; give another folder, or allow writing there'
        ) from error
    return folder


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: str | Path) -> list[Path]:
    """Remove the temporary files of killed processes; those that a living process may be writing stay.

    Args:
        folder: Where :func:`write_atomically` wrote.

    Returns:
        What was removed.
    """
    stale = [path for path in Path(folder).glob('.*.part') if _is_abandoned(path)]
    for path in stale:
        path.unlink(missing_ok=True)
    return stale


def _is_abandoned(path: Path) -> bool:
    match = PART.fullmatch(path.name)
    if match is None:
        return False
    if match['host'] == socket.gethostname() and not _is_alive(int(match['pid'])):
        return True
    try:
        return time.time() - path.stat().st_mtime > SECONDS_OF_SILENCE
    except FileNotFoundError:
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
