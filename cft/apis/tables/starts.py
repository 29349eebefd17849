"""What networks start from: files of others, and runs of our own, by name."""

from collections.abc import Mapping
from typing import Any

from cft.errors import ConfigError

from .model import Checkpoint, Recipe

FILE_KEYS = {'title', 'file', 'source'}
RUN_KEYS = {'title', 'config', 'overrides', 'options', 'start', 'per_seed'}


class Starts:
    """Named starts, those of a paper over those of all.

    Args:
        entries: As ``starts.yaml`` has them.

    Example:
        >>> starts = Starts({'sce': {'title': 'SCE', 'config': 'quickstart/sce_digits'}})
        >>> starts.resolve('sce', 'table').config
        'quickstart/sce_digits'
    """

    def __init__(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        self._entries = entries

    def resolve(self, start: Any, where: str) -> Checkpoint | Recipe | None:
        """The start that a name, or a recipe of its own, stands for.

        Args:
            start: Name; ``{name: NAME, epoch: 200}``; a mapping with ``config``; None.
            where: For errors.

        Raises:
            ConfigError: If there is none of this name, or it is neither file nor run.
        """
        if start is None:
            return None
        if isinstance(start, str):
            if start not in self._entries:
                raise ConfigError(f'{where}: no start is called {start}; there are {", ".join(self._entries)}')
            return self._named(start, self._entries[start])
        if not isinstance(start, Mapping) or not set(start) <= RUN_KEYS or 'config' not in start:
            raise ConfigError(f'{where}: a start is a name, or a config with {", ".join(sorted(RUN_KEYS))}')
        return self._run('', start, where)

    def _named(self, name: str, entry: Mapping[str, Any]) -> Checkpoint | Recipe:
        if 'file' in entry and set(entry) == FILE_KEYS:
            return Checkpoint(name, **entry)
        if 'config' in entry and set(entry) <= RUN_KEYS:
            return self._run(name, entry, f'start {name}')
        raise ConfigError(f'start {name} needs title, file and source, or config and {", ".join(sorted(RUN_KEYS))}')

    def _run(self, name: str, entry: Mapping[str, Any], where: str) -> Recipe:
        return Recipe(
            entry['config'],
            entry.get('overrides') or {},
            entry.get('options') or {'splits': []},
            self.resolve(start_of(entry), where),
            epoch_of(entry),
            name,
            bool(entry.get('per_seed')),
        )


def start_of(settings: Mapping[str, Any]) -> Any:
    """The start without its epoch.

    Example:
        >>> start_of({'start': {'name': 'sce', 'epoch': 200}})
        'sce'
    """
    start = settings.get('start')
    return start['name'] if isinstance(start, Mapping) and set(start) == {'name', 'epoch'} else start


def epoch_of(settings: Mapping[str, Any]) -> int | None:
    """The epoch of a start whose last checkpoint is not meant.

    Example:
        >>> epoch_of({'start': {'name': 'sce', 'epoch': 200}})
        200
    """
    start = settings.get('start')
    return start['epoch'] if isinstance(start, Mapping) and set(start) == {'name', 'epoch'} else None
