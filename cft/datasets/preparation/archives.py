"""Unpack tar and zip archives safely, and only what is not there yet."""

import bz2
import contextlib
import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cft.datasets.preparation.folders import refuse_foreign_folder, require_space, write_complete
from cft.errors import ConfigError

# Images do not shrink, text tenfold; an archive of zeros a thousandfold.
MAX_EXPANSION = 100
ALWAYS_ALLOWED = 2**26
# What tarfile reads at once of a header, or copies of a file.
LARGEST_READ = 2**26
COMPRESSIONS: dict[bytes, Any] = {b'\x1f\x8b': gzip.open, b'BZh': bz2.open, b'\xfd7zXZ': lzma.open}
# What macOS adds beside the folder that it packs.
MAC_NOTES = ('._', '__MACOSX')
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


def lacking_members(path: Path, top: str, target: Path, beside: Collection[str] = ()) -> list[Member]:
    """Files of an archive that ``target`` lacks or holds in another size.

    Args:
        path: Archive whose files all lie in the folder ``top``.
        top: Name of that folder; ``''`` where the archive has none.
        target: What corresponds to ``top`` on the disk.
        beside: Other names at the top of the archive, which are left in it.

    Raises:
        ConfigError: If the archive is damaged, unsafe or has another layout.
    """
    with damage_named(path), _opened(path) as archive:
        return _lacking(archive, path, top, target, beside)


def unpack(path: Path, top: str, target: Path, root: Path, console: Console, beside: Collection[str] = ()) -> int:
    """Unpack the files of ``top`` into ``target``; files that are there in full are left alone.

    Each file appears under its name only when it is complete, so that an
    interrupted run is continued by the next one.

    Args:
        path: Archive (tar, compressed or not, or zip).
        top: Folder in which all of its files lie; ``''`` where there is none.
        target: Folder that takes the place of ``top``.
        root: Folder of the data set; nothing is written outside.
        console: Where progress is shown.
        beside: Other names at the top of the archive, which are left in it.

    Returns:
        Number of files written.

    Raises:
        ConfigError: If the archive is damaged, unsafe or has another layout,
            or the disk is too small.
    """
    with damage_named(path), _opened(path) as archive:
        members = _lacking(archive, path, top, target, beside)
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
                with _stream(archive, member.info, root) as stream:
                    write_complete(place, partial(shutil.copyfileobj, stream, length=2**20))
                progress.update(task, advance=member.size)
    return len(members)


def _stream(
    archive: tarfile.TarFile | zipfile.ZipFile, info: tarfile.TarInfo | zipfile.ZipInfo, root: Path
) -> IO[bytes]:
    if isinstance(archive, zipfile.ZipFile):
        assert isinstance(info, zipfile.ZipInfo)
        return archive.open(info)
    assert isinstance(info, tarfile.TarInfo)
    tarfile.data_filter(info, str(root))
    stream = archive.extractfile(info)
    assert stream is not None, 'members are regular files'
    return stream


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile | zipfile.ZipFile]:
    if path.suffix == '.zip':
        with zipfile.ZipFile(path) as archive:
            _require_plausible(path, sum(info.file_size for info in archive.infolist()))
            yield archive
        return
    with path.open('rb') as file:
        head = file.read(6)
    open_stream = next((opened for magic, opened in COMPRESSIONS.items() if head.startswith(magic)), open)
    # An archive that is cut amid a header looks to tarfile as if it ended there.
    if open_stream is open and path.stat().st_size % tarfile.BLOCKSIZE:
        raise tarfile.ReadError(f'its length is no multiple of {tarfile.BLOCKSIZE}')
    with (
        open_stream(path, 'rb') as stream,
        tarfile.open(fileobj=cast(IO[bytes], _Bounded(stream, path)), mode='r:') as archive,
    ):
        yield archive


def _require_plausible(path: Path, size: int) -> None:
    packed = path.stat().st_size
    if size > max(MAX_EXPANSION * packed, ALWAYS_ALLOWED):
        raise ConfigError(
            f'{path} is not unpacked: its {packed / 1e6:.1f} MB would become {size / 1e9:.1f} GB or more; '
            'download the official archive'
        )


class _Bounded:
    """What a compressed tar unpacks to, up to a plausible length: its headers tell no size beforehand."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream, self._path = stream, path
        self.tell, self.close = stream.tell, stream.close

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_READ:
            raise tarfile.ReadError(f'a header of {size:,} bytes')
        _require_plausible(self._path, self.tell() + size)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0:
            _require_plausible(self._path, offset)
        return self._stream.seek(offset, whence)


def _lacking(
    archive: tarfile.TarFile | zipfile.ZipFile, path: Path, top: str, target: Path, beside: Collection[str]
) -> list[Member]:
    return [
        member for member in _members(archive, path, top, beside) if not _is_there(target / member.name, member.size)
    ]


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _entries(
    archive: tarfile.TarFile | zipfile.ZipFile,
) -> Iterator[tuple[str, int, bool, tarfile.TarInfo | zipfile.ZipInfo]]:
    """Name, size, and whether it is a plain file, of all that is no folder."""
    if isinstance(archive, zipfile.ZipFile):
        yield from ((info.filename, info.file_size, True, info) for info in archive.infolist() if not info.is_dir())
    else:
        yield from ((info.name, info.size, info.isfile(), info) for info in archive.getmembers() if not info.isdir())


def _members(
    archive: tarfile.TarFile | zipfile.ZipFile, path: Path, top: str, beside: Collection[str]
) -> Iterator[Member]:
    for text, size, is_file, info in _entries(archive):
        name = PurePosixPath(text)
        # A backslash or a colon would be a separator or a drive on some systems.
        if name.is_absolute() or '..' in name.parts or '\\' in text or ':' in text:
            raise ConfigError(f'{path} is not unpacked: {text!r} leaves its folder; download the official archive')
        if name.parts[0] in beside or name.parts[0].startswith(MAC_NOTES):
            continue
        if top and name.parts[0] != top:
            raise ConfigError(f'{path} holds {text!r} outside of {top}/; it is not the official archive')
        if not is_file:
            raise ConfigError(f'{path} is not unpacked: {text!r} is no plain file; download the official archive')
        yield Member(name.relative_to(top), size, info)
