"""Find the files that a list names, and say at the start which are not there."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from cft.datasets.image_decoding import SUFFIXES
from cft.errors import ConfigError

SHOWN = 3


def require_files(paths: Sequence[str], what: str) -> None:
    """Stop with one error that names the first missing files and their number."""
    missing = [path for path in paths if not Path(path).is_file()]
    if missing:
        raise ConfigError(f'{len(missing)} of {len(paths)} {what} are missing: {_some(missing)}')


def find_listed(
    folder: str | Path, names: Sequence[str], suffix: str, what: str, others: Iterable[str] = SUFFIXES
) -> list[str]:
    """Files of a folder by their names without suffix, which may be in capital letters.

    Args:
        folder: Where they are; a name may lead into a folder below it.
        names: Without suffix.
        suffix: With which a file is taken if it is there, such as ``.jpg`` or ``_mask.png``.
        what: What the files are, for the error.
        others: Endings in small letters of which a file may have one instead.

    Returns:
        One path for each name.

    Raises:
        ConfigError: If files are missing, or one of several could be meant.

    Example:
        >>> find_listed('VOC2007/JPEGImages', ['000001'], '.jpg', 'images')  # doctest: +SKIP
        ['VOC2007/JPEGImages/000001.jpg']
    """
    before_dot, dot, last = suffix.rpartition('.')
    ending = dot + last
    places = {os.path.dirname(name) for name in names}
    contents = {place: _by_stem(os.path.join(folder, place)) for place in places}
    found, missing = [], []
    for name in names:
        place, stem = os.path.split(name + before_dot)
        there = contents[place].get(stem, [])
        endings = {file: file[len(stem) :] for file in there}
        ranks = (
            [file for file in there if endings[file] == ending],
            [file for file in there if endings[file].lower() == ending.lower()],
            [file for file in there if endings[file].lower() in others],
        )
        files = next((rank for rank in ranks if rank), [])
        if len(files) > 1:
            raise ConfigError(f'{os.path.join(folder, name)} may be any of {sorted(files)}; leave one of them there')
        if files:
            found.append(os.path.join(folder, place, files[0]))
        else:
            missing.append(os.path.join(folder, name + suffix))
    if missing:
        raise ConfigError(f'{len(missing)} of {len(names)} {what} are missing: {_some(missing)}')
    return found


def _by_stem(folder: str) -> dict[str, list[str]]:
    """Names of the files in a folder by what stands before the last dot."""
    files = defaultdict(list)
    if os.path.isdir(folder):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file():
                    files[os.path.splitext(entry.name)[0]].append(entry.name)
    return files


def _some(paths: Sequence[str]) -> str:
    return ', '.join(paths[:SHOWN]) + (', ...' if len(paths) > SHOWN else '')
