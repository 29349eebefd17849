"""Bring the parts of a data set from a folder of downloads: folders and files are linked, archives are unpacked."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from rich.console import Console

from cft.datasets.preparation.archives import lacking_members, unpack
from cft.datasets.preparation.classification.image_sets import Part
from cft.datasets.preparation.completeness import some
from cft.datasets.preparation.folders import link_path
from cft.errors import ConfigError

# The folder itself, and those one and two levels below it.
PLACES = ('', '*/', '*/*/')


def take_parts(parts: Sequence[Part], downloads: Path, root: Path, page: str, console: Console) -> None:
    """Link or unpack every part that ``root`` lacks; what is there in full is left alone.

    An unpacked folder is linked; where its archive is there too and would add
    to it, it was unpacked in part, and the archive is taken. The sum of an
    archive is compared before it is unpacked for the first time.

    Args:
        parts: Of the data set.
        downloads: Folder with archives, files or unpacked folders, which is not changed.
        root: Folder of the data set; nothing is written outside.
        page: Where missing parts come from.
        console: Where progress is shown.

    Raises:
        ConfigError: If a part is neither in ``downloads`` nor in ``root``, if
            two folders or files may be meant, or if an archive is damaged.
    """
    if not downloads.is_dir():
        raise ConfigError(f'no folder {downloads}; give the folder that holds {_told(parts)}, from {page}')
    sources = {part: (archive_of(part, downloads, root), unpacked_of(part, downloads, root)) for part in parts}
    missing = [part for part, found in sources.items() if found == (None, None) and not (root / part.place).exists()]
    if missing:
        raise ConfigError(f'{downloads} and {root} lack {_told(missing)}; get what is missing from {page}')
    for part, (archive, unpacked) in sources.items():
        _take(part, archive, unpacked, root, console)


def _take(part: Part, archive: Path | None, unpacked: Path | None, root: Path, console: Console) -> None:
    target = root / part.place
    folder = root if part.is_file else target
    top = '' if part.is_file else target.name if part.top is None else part.top
    # A file is as good from its archive; a folder that its archive would still add to was unpacked in part.
    if (
        unpacked is not None
        and not target.exists()
        and (archive is None or not (part.is_file or lacking_members(archive, top, unpacked, part.beside)))
    ):
        link_path(unpacked, target)
        console.print(f'linked {unpacked}', highlight=False)
    if archive is not None:
        if part.md5 and not target.exists():
            require_md5(archive, part.md5, console)
        unpack(archive, top, folder, root, console, part.beside)


def require_md5(path: Path, expected: str, console: Console) -> None:
    """Compare a file with its published sum.

    Raises:
        ConfigError: With both sums, if they differ.
    """
    with console.status(f'reading {path.name}'):
        found = md5_of(path)
    if found != expected:
        raise ConfigError(
            f'{path} is damaged, not completely downloaded or another version (md5 {found}, published {expected}); '
            'download it again'
        )


def md5_of(path: Path) -> str:
    """MD5 sum of a file, as home pages publish it; it tells damage, not intent."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open('rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def archive_of(part: Part, downloads: Path, root: Path) -> Path | None:
    """The archive of a part, in ``downloads`` or at most two folders below; None if there is none.

    Raises:
        ConfigError: If there are two.
    """
    return _only(part.archive, [part.archive], downloads, root, Path.is_file) if part.archive else None


def unpacked_of(part: Part, downloads: Path, root: Path) -> Path | None:
    """The unpacked folder or the file of a part, found likewise; a folder is told by its name and ``marker``.

    Raises:
        ConfigError: If there are two.
    """
    if part.is_file:
        return _only(part.place, [part.place], downloads, root, Path.is_file)

    def is_part(folder: Path) -> bool:
        return folder.is_dir() and next(folder.glob(part.marker), None) is not None

    return _only(part.place, [part.place, *part.names], downloads, root, is_part)


def _only(what: str, names: Collection[str], downloads: Path, root: Path, fits: Callable[[Path], bool]) -> Path | None:
    """The one path of such a name, or ``downloads`` itself, that fits; what lies in ``root`` is no download."""
    paths = [path for name in names for place in PLACES for path in sorted(downloads.glob(place + name))]
    outside = [path for path in [downloads, *paths] if not path.resolve().is_relative_to(root.resolve())]
    found = list({path.resolve(): path for path in outside if fits(path)}.values())
    if len(found) > 1:
        raise ConfigError(
            f'{what} may be {some(map(str, found))}; move the others away, or give the folder of one of them'
        )
    return found[0] if found else None


def _told(parts: Sequence[Part]) -> str:
    return ', '.join(dict.fromkeys(part.archive or part.place for part in parts))
