"""Checkpoints that could not be written and that no later one has replaced."""

import logging

from mmengine.logging import print_log

from cft.errors import ConfigError


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
