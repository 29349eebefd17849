"""The checkpoint that a run continues from: named when it is written, found when it is needed."""

import logging
import re
from pathlib import Path

from mmengine.logging import print_log

from cft.checkpoints import RefusedError, find_damage, read_checkpoint, refuse_non_finite
from cft.errors import ConfigError
from cft.files import write_atomically

RECORD = 'last_checkpoint'
LONGEST_PATH = 4096


def write_record(work_dir: str | Path, checkpoint: str) -> None:
    """Name the newest checkpoint of a run.

    Raises:
        OSError: If it cannot be written; the earlier one is still named then.

    Example:
        >>> write_record('work_dirs/run', 'work_dirs/run/epoch_3.pth')  # doctest: +SKIP
    """
    write_atomically(Path(work_dir, RECORD), checkpoint.encode())


def find_resumable(work_dir: str | Path, folder: str | Path, template: str) -> Path | None:
    """The newest complete checkpoint of a run.

    That is the one named by the file ``last_checkpoint`` or, where it is
    damaged, the one of the highest earlier step beside it; a warning names
    both. Without that file it is the highest step in ``folder``. A folder that
    was moved with its run is searched at its new place.

    Args:
        work_dir: Folder of the run, with ``last_checkpoint``.
        folder: Folder of the checkpoints.
        template: Name of a checkpoint with ``{}`` for its step: ``'epoch_{}.pth'``.

    Returns:
        The file; None if the run has written none.

    Raises:
        RefusedError: If a complete file asks for code to be run: that is no
            accident, and earlier files are no remedy.
        ConfigError: If every checkpoint is damaged, with the reasons.

    Example:
        >>> find_resumable('work_dirs/run', 'work_dirs/run', 'epoch_{}.pth')  # doctest: +SKIP
        PosixPath('work_dirs/run/epoch_3.pth')
    """
    named = _named(Path(work_dir, RECORD), Path(folder))
    candidates = [named] if named else []
    candidates += _before(named, template) if named else _all(Path(folder), template)
    if named and not any(path.exists() for path in candidates):
        # What it names is not there, nor anything before it: the record itself is damaged.
        candidates += _all(Path(folder), template)
    damaged: list[str] = []
    for path in candidates:
        damage = find_damage(path) or _read_error(path)
        if damage is None:
            if damaged:
                print_log(f'{"; ".join(damaged)}: resuming from {path} instead', 'current', logging.WARNING)
            return path
        damaged.append(f'{path} {damage}')
    if damaged:
        raise ConfigError(
            f'no checkpoint to resume from: {"; ".join(damaged)}; name a complete one with --resume PATH, '
            f'or empty {folder} to start afresh'
        )
    return None


def _read_error(path: Path) -> str | None:
    try:
        content = read_checkpoint(path)
        tensors = content.get('state_dict', content) if isinstance(content, dict) else None
        refuse_non_finite(tensors if isinstance(tensors, dict) else {}, path)
    except RefusedError:
        raise
    except ConfigError as error:
        return f'is damaged ({error})'
    return None


def _named(record: Path, folder: Path) -> Path | None:
    try:
        with record.open('rb') as file:
            text = file.read(LONGEST_PATH).decode(errors='replace').strip('\0 \n')
        path = Path(text)
        # A folder is no checkpoint, whatever wrote its name there.
        named = path if path.is_file() else folder / path.name
        return named if path.name and not named.is_dir() else None
    except (OSError, ValueError):
        # It cannot be read, or holds what can be no path.
        return None


def _before(named: Path, template: str) -> list[Path]:
    """Checkpoints beside the named one with lower steps: higher ones are of another run in the same folder."""
    match = re.fullmatch(r'(.*?)(\d+)(\D*)', named.name)
    if match is None:
        return _all(named.parent, template)
    return _steps(named.parent, match[1], match[3], below=int(match[2]))


def _all(folder: Path, template: str) -> list[Path]:
    start, end = template.split('{}', 1)
    return _steps(folder, start, end)


def _steps(folder: Path, start: str, end: str, below: float = float('inf')) -> list[Path]:
    """Files of the folder named by a step, the highest first."""
    pattern = re.compile(rf'{re.escape(start)}(\d+){re.escape(end)}')
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        match = pattern.fullmatch(path.name)
        if match and int(match[1]) < below:
            found[int(match[1])] = path
    return [found[step] for step in sorted(found, reverse=True)]
