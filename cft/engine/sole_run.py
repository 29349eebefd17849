"""One run at a time in a folder."""

import contextlib
import errno
import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from mmengine.logging import print_log

from cft.errors import ConfigError

FILE = '.running'
NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
LONGEST_NAME = 300
# Which process holds which file: the kernel would give a second lock to the same one, and take both away at once.
_held: dict[str, int] = {}


class FolderInUse(ConfigError):
    """Another process holds the folder."""


@contextlib.contextmanager
def sole_run(folder: str | Path, name: str) -> Iterator[None]:
    """Hold a folder for one process, so that a second one that would write there stops with the first one's name.

    The kernel keeps the lock, of the hidden file ``.running``: it is gone with
    the process, however that ends, and workers do not inherit it. Within it,
    the same process may hold the folder again. Where the file system has no
    locks, a warning tells that nothing is held.

    Args:
        folder: Made if it is missing.
        name: What another run is told of this one, besides time, machine and process.

    Raises:
        FolderInUse: If another process holds the folder.
        ConfigError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> with sole_run(tempfile.mkdtemp(), 'a run'):
        ...     pass
    """
    path = Path(os.path.realpath(folder), FILE)
    if _held.get(str(path)) == os.getpid():
        yield
        return
    descriptor = _open(path, folder)
    try:
        if _lock(descriptor, folder):
            _held[str(path)] = os.getpid()
            text = f'{name}, begun {time.strftime("%F %T")}, process {os.getpid()} on {socket.gethostname()}'
            os.ftruncate(descriptor, 0)
            os.write(descriptor, text.encode(errors='surrogateescape')[:LONGEST_NAME])
        yield
    finally:
        if _held.get(str(path)) == os.getpid():
            del _held[str(path)]
            # Who looks into a folder at rest shall not take it for one in use.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
        os.close(descriptor)


def is_in_use(folder: str | Path) -> bool:
    """Whether another process holds a folder at the moment.

    Example:
        >>> is_in_use('no/such/folder')
        False
    """
    try:
        with sole_run(folder, 'a look') if Path(folder).is_dir() else contextlib.nullcontext():
            return False
    except FolderInUse:
        return True


def _open(path: Path, folder: str | Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A planted link must not lead to a file that is emptied.
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except (OSError, ValueError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise ConfigError(f'cannot write to {folder}: {reason}; choose --work-dir DIR') from error


def _lock(descriptor: int, folder: str | Path) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            print_log(
                f'{folder}: this file system has no locks ({error.strerror}); see to it that no other run writes there',
                'current',
                logging.WARNING,
            )
            return False
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        holder = ' '.join(os.pread(descriptor, LONGEST_NAME, 0).decode(errors='replace').split())
        raise FolderInUse(
            f'{folder} is in use by another run ({holder or "which has just begun"}); wait for it or stop it, or '
            'choose another folder with --work-dir DIR'
        ) from error
    return True
