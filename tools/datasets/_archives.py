"""Unpack tar and zip archives safely, and only what is not there yet."""

import contextlib
import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cft.errors import ConfigError

from _files import refuse_foreign_folder, require_space, write_atomically

DAMAGES = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError)


@dataclass(frozen=True)
class Member:
    """A file of an archive.

    Attributes:
        name: Path below the archive's top folder.
        size: Bytes, unpacked.
        info: What the archive calls it.
    """

    name: PurePosixPath
    size: int
    info: tarfile.TarInfo | zipfile.ZipInfo


@contextlib.contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn whatever a broken archive raises into one error with its name."""
    try:
        yield
    except tarfile.FilterError as error:
        raise ConfigError(f'{path} is not unpacked, it is unsafe: {error}; download the official archive') from error
    except DAMAGES as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(f'{path} is damaged or not completely downloaded ({reason}); download it again') from error


def lacking_members(path: Path, top: str, target: Path) -> list[Member]:
    """Files of an archive that ``target`` lacks or holds in another size.

    Args:
        path: Archive whose files all lie in the folder ``top``.
        top: Name of that folder.
        target: What corresponds to ``top`` on the disk.

    Raises:
        ConfigError: If the archive is damaged, unsafe or has another layout.
    """
    with damage_named(path), _opened(path) as archive:
        return _lacking(archive, path, top, target)


def unpack(path: Path, top: str, target: Path, root: Path, console: Console) -> int:
    """Unpack the files of ``top`` into ``target``; files that are there in full are left alone.

    Each file appears under its name only when it is complete, so that an
    interrupted run is continued by the next one.

    Args:
        path: Archive (tar, compressed or not, or zip).
        top: Folder in which all of its files lie.
        target: Folder that takes the place of ``top``.
        root: Folder of the data set; nothing is written outside.
        console: Where progress is shown.

    Returns:
        Number of files written.

    Raises:
        ConfigError: If the archive is damaged, unsafe or has another layout,
            or the disk is too small.
    """
    with damage_named(path), _opened(path) as archive:
        members = _lacking(archive, path, top, target)
        if not members:
            return 0
        size = sum(member.size for member in members)
        require_space(root, size)
        console.print(f'unpacking {path.name}: {len(members):,} files, {size / 1e9:.2f} GB', highlight=False)
        columns = (TextColumn('{task.description}'), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        checked: set[Path] = set()
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task(path.name, total=size)
            for member in members:
                place = target / member.name
                if place.parent not in checked:
                    refuse_foreign_folder(place.parent, root)
                    checked.add(place.parent)
                if isinstance(archive, tarfile.TarFile):
                    tarfile.data_filter(member.info, str(root))
                    stream = archive.extractfile(member.info)
                else:
                    stream = archive.open(member.info)
                with stream:
                    write_atomically(place, lambda file, stream=stream: shutil.copyfileobj(stream, file, 2**20))
                progress.update(task, advance=member.size)
    return len(members)


def _opened(path: Path) -> tarfile.TarFile | zipfile.ZipFile:
    return zipfile.ZipFile(path) if path.suffix == '.zip' else tarfile.open(path)


def _lacking(archive: tarfile.TarFile | zipfile.ZipFile, path: Path, top: str, target: Path) -> list[Member]:
    return [member for member in _members(archive, path, top) if not _is_there(target / member.name, member.size)]


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _members(archive: tarfile.TarFile | zipfile.ZipFile, path: Path, top: str) -> Iterator[Member]:
    is_tar = isinstance(archive, tarfile.TarFile)
    for info in archive.getmembers() if is_tar else archive.infolist():
        if info.isdir() if is_tar else info.is_dir():
            continue
        text, size = (info.name, info.size) if is_tar else (info.filename, info.file_size)
        name = PurePosixPath(text)
        # A backslash or a colon would be a separator or a drive on some systems.
        if name.is_absolute() or '..' in name.parts or '\\' in text or ':' in text:
            raise ConfigError(f'{path} is not unpacked: {text!r} leaves its folder; download the official archive')
        if name.parts[:1] != (top,):
            raise ConfigError(f'{path} holds {text!r} outside of {top}/; it is not the official archive')
        if is_tar and not info.isfile():
            raise ConfigError(f'{path} is not unpacked: {text!r} is no plain file; download the official archive')
        yield Member(name.relative_to(top), size, info)
