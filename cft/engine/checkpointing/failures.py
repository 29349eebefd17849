"""Checkpoints that cannot be written: found before a run, told during it, an error at its end."""

import logging
import tempfile
from pathlib import Path

from mmengine.logging import print_log

from cft.errors import ConfigError
from cft.files import remove_leftovers

# Bytes: a disk that is full still takes names.
PROBE = 4096


def prepare_folder(folder: str | Path) -> list[Path]:
    """Make a folder for checkpoints, and find out whether they can be written before there is something to lose.

    Returns:
        What :func:`cft.files.remove_leftovers` removed.

    Raises:
        ConfigError: If nothing can be written there.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        removed = remove_leftovers(folder)
        # No name that somebody could have given a link before.
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE))
    except OSError as error:
        raise ConfigError(
            f'no checkpoint can be written to {folder} ({error.strerror}); free space or permit writing there, '
            'or choose another folder with --work-dir'
        ) from error
    return removed


class MissingFiles:
    """Tells of each failed checkpoint at once, and at the end of the run of those that are still missing."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def add(self, kind: str, path: str, error: OSError) -> None:
        """Note that a file failed; ``kind`` is what a later file can replace it as."""
        self._reasons[kind] = f'{path} was not written ({error.strerror or error})'
        print_log(
            f'CHECKPOINT {self._reasons[kind]}. Earlier ones are untouched, and training goes on: free space or '
            'permit writing before the next one is due',
            'current',
            logging.ERROR,
        )

    def discard(self, kind: str) -> None:
        """Note that a file of this kind is on disk."""
        self._reasons.pop(kind, None)

    def raise_if_any(self) -> None:
        """End a run whose results are not all on disk.

        Raises:
            ConfigError: With the files and the reasons.
        """
        if self._reasons:
            raise ConfigError(
                f'training is done, but not all of it is on disk: {"; ".join(self._reasons.values())}; '
                'free space or permit writing, and continue from the last complete checkpoint with --resume'
            )
