"""Files that are complete under their name, or not there."""

import contextlib
import os
import re
import socket
import time
from pathlib import Path

from mmengine.fileio import LocalBackend

from cft.errors import ConfigError

ZIP_MAGIC = b'PK\x03\x04'
PART = re.compile(r'\..+\.(?P<pid>\d+)@(?P<host>.+)\.part')
# A process on another machine cannot be asked whether it lives; one that writes changes its file all the time.
SECONDS_OF_SILENCE = 3600


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write a file so that a process killed at any moment, or a crash of the machine, leaves the old or the new one.

    The bytes go to a temporary file in the same folder, ``.NAME.PID@HOST.part``,
    which takes the name after they have reached the disk. If that fails, the
    temporary file is removed and a file that had the name is as it was. A
    symbolic link stays one.

    Args:
        path: The file; its folder is made if it is missing.
        data: The whole content.

    Raises:
        OSError: If the disk is full, or the folder cannot be written.

    Example:
        >>> write_atomically('last_checkpoint', b'epoch_3.pth')  # doctest: +SKIP
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.{os.getpid()}@{socket.gethostname()}.part')
    try:
        with part.open('wb') as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    # The data are safe under the new name; some network file systems cannot put a folder on disk on demand.
    with contextlib.suppress(OSError):
        _sync_folder(path.parent)


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


def prepare_folder(folder: str | Path) -> list[Path]:
    """Make a folder for checkpoints, and find out whether they can be written before there is something to lose.

    Returns:
        What :func:`remove_leftovers` removed.

    Raises:
        ConfigError: If nothing can be written there.
    """
    probe = Path(folder, '.can_be_written')
    try:
        removed = remove_leftovers(folder)
        write_atomically(probe, b'')
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f'no checkpoint can be written to {folder} ({error.strerror}); free space or permit writing there, '
            'or choose another folder with --work-dir'
        ) from error
    return removed


class AtomicLocalBackend(LocalBackend):
    """MMEngine's access to local files, through which its runner writes checkpoints.

    What ``torch.save`` made (a zip archive) is written atomically, whoever
    saves it: the checkpoint hook, ``Runner.save_checkpoint`` or the publishing
    of a model. All else is written as MMEngine does.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        if bytes(obj[: len(ZIP_MAGIC)]) == ZIP_MAGIC:
            write_atomically(filepath, obj)
        else:
            super().put(obj, filepath)
