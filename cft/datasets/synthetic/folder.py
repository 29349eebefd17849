"""A folder that is there completely or not at all, with a record of how it was made."""

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from cft.errors import ConfigError

RECORD = 'drawn.json'


class FolderOccupied(ConfigError):
    """The folder to draw into holds something already.

    Example:
        >>> draw_shapes('data/shapes')  # doctest: +SKIP
        Traceback (most recent call last):
        FolderOccupied: data/shapes is not empty; ...
    """


@contextlib.contextmanager
def complete_folder(root: str | Path, record: dict) -> Iterator[Path]:
    """A folder to fill that takes its place at ``root`` when the block ends without an error.

    It lies beside ``root`` meanwhile, so that the last step is a rename: an
    interrupted drawing leaves nothing at ``root``, and of several processes
    that draw at once the first to finish wins.

    Args:
        root: Where the folder goes; must not exist or be empty.
        record: What the folder is drawn from, kept as ``drawn.json``.

    Yields:
        The folder to fill.

    Raises:
        FolderOccupied: If ``root`` is not empty, before or after the block.
        ConfigError: If the folder cannot be written.

    Example:
        >>> with complete_folder('data/dots', {'type': 'dots'}) as folder:  # doctest: +SKIP
        ...     (folder / 'dot.txt').write_text('.')
    """
    target = Path(root).resolve()
    _refuse_occupied(root)
    unfinished = target.with_name(f'.{target.name}.unfinished-{uuid.uuid4().hex[:12]}')
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        (unfinished / RECORD).write_text(json.dumps(record, indent=1) + '\n')
        try:
            unfinished.rename(target)
        except OSError:
            _refuse_occupied(root)
            raise
    except OSError as error:
        raise ConfigError(f'cannot draw into {root}: {error.strerror or error}; choose another folder') from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read_record(root: str | Path) -> dict | None:
    """What the folder was drawn from; None if it is no drawn data set.

    Example:
        >>> read_record('data/shapes')['arguments']['seed']  # doctest: +SKIP
        0
    """
    try:
        record = json.loads((Path(root) / RECORD).read_text())
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _refuse_occupied(root: str | Path) -> None:
    path = Path(root)
    if path.is_dir() and any(path.iterdir()):
        raise FolderOccupied(f'{root} is not empty; remove it or choose another folder')
    if path.exists() and not path.is_dir():
        raise FolderOccupied(f'{root} is a file; remove it or choose another folder')
