"""Files of a data set: what is there, and adding files so that none is ever half written."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cft.errors import ConfigError
from cft.files import write_atomically


def usable_names(folder: Path) -> set[str]:
    """Names of the visible files in ``folder`` that have content; a link to nothing is no file.

    Example:
        >>> usable_names(Path('no such folder'))
        set()
    """
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as entries:
        visible = (entry for entry in entries if not entry.name.startswith('.'))
        return {entry.name for entry in visible if entry.is_file() and entry.stat().st_size > 0}


def visible_folders(place: Path) -> list[Path]:
    """Sorted folders in ``place``, hidden ones left out; none if there is no such place."""
    if not place.is_dir():
        return []
    with os.scandir(place) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith('.'))


def write_complete(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a file that appears under its name only when it is complete.

    Raises:
        ConfigError: If the file cannot be written (no permission, disk full).
    """
    try:
        # What the link leads to is the user's, who may lack a part of that file; it is not written to.
        if path.is_symlink():
            path.unlink()
        write_atomically(path, write, durable=False)
    except OSError as error:
        # Without errno it is no error of the file system but of what write() reads, such as gzip.BadGzipFile.
        if error.errno is None:
            raise
        raise ConfigError(f'cannot write {path}: {error.strerror}; make room or choose another --out') from error


def require_space(folder: Path, size: int) -> None:
    """Refuse to begin what does not fit on the disk of ``folder``, which need not exist yet.

    Args:
        folder: Where the files go.
        size: Bytes.

    Raises:
        ConfigError: With what is needed and what is free.
    """
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise ConfigError(
            f'{folder} needs {size / 1e9:.1f} GB, but {free / 1e9:.1f} GB are free; make room or choose another --out'
        )


def refuse_foreign_folder(folder: Path, root: Path) -> None:
    """Refuse a folder below ``root`` that a link leads out of it: the files there are the user's.

    Raises:
        ConfigError: Naming the link's end.
    """
    place = folder.resolve()
    if not place.is_relative_to(root.resolve()):
        raise ConfigError(f'{folder} is a link to {place}, which lacks files; complete that folder or remove the link')


def link_missing_files(source: Path, target: Path, root: Path) -> int:
    """Link every file of ``source`` that ``target`` lacks; the folders of ``target`` are real ones.

    Links of single files let two sources fill one folder, and let derived
    files stand beside the links without touching the source.

    Args:
        source: A user's folder.
        target: Where the links go; it may not exist yet.
        root: Folder of the data set, which ``target`` must not leave.

    Returns:
        Number of new links.

    Raises:
        ConfigError: If a folder of ``target`` is itself a link out of ``root``.
    """
    if target.resolve() == source.resolve():
        return 0
    links = 0
    for place, _, names in os.walk(source.resolve()):
        folder = target / Path(place).relative_to(source.resolve())
        missing = [name for name in names if not (folder / name).exists()]
        if missing:
            refuse_foreign_folder(folder, root)
            folder.mkdir(parents=True, exist_ok=True)
        for name in missing:
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(Path(place) / name)
        links += len(missing)
    return links


def link_path(source: Path, target: Path) -> None:
    """Make ``target`` a link to ``source``, or leave it if it already leads there.

    Raises:
        ConfigError: If ``target`` is something else.
    """
    if target.exists():
        if target.resolve() != source.resolve():
            raise ConfigError(f'{target} already is {target.resolve()}; remove it to use {source}')
        return
    # What is left is nothing, or a link whose end has gone.
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source.resolve(), target_is_directory=source.is_dir())
