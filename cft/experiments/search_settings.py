"""What a search looks for: fixed when it begins, and read by every process that joins it."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cft.errors import ConfigError, DataError
from cft.files import write_atomically

from .spaces import Parameter, Space

FILE = 'search.json'
# These may be others when a search goes on.
CHANGEABLE = ('pruner',)


@dataclass(frozen=True)
class SearchSettings:
    """A search, JSON values only.

    Attributes:
        config: File or name.
        overrides: Of all trials; they fix the splits, and leave the test split out.
        space: The parameters.
        metric: Of validation.
        maximise: Whether a greater value is a better one.
        seeds: Trainings of each trial, whose mean is its value.
        first_seed: Of the first of them; the others follow.
        sampler_seed: Of the choice of trials.
        pruner: As of :func:`cft.engine.trial_storage.named_pruner`.
        split_seed: Of the division into training and validation, which is in the overrides; None: the config's own.
    """

    config: str
    overrides: Mapping[str, Any]
    space: Space
    metric: str
    maximise: bool
    seeds: int
    first_seed: int
    sampler_seed: int
    pruner: str
    split_seed: int | None = None

    @classmethod
    def read(cls, folder: Path) -> 'SearchSettings':
        """Those of the search in a folder.

        Raises:
            DataError: If the file there says something else.
            FileNotFoundError: If there is none.
        """
        path = folder / FILE
        try:
            found = json.loads(path.read_text())
            space = found.pop('space')
            parameters = {name: _parameter(said) for name, said in space['parameters'].items()}
            return cls(space=Space(space['name'], parameters, tuple(space['points'])), **found)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f'{path} describes no search ({error}); remove it and its folder') from error

    def join(self, folder: Path) -> None:
        """Begin a search in a folder, or see that it is the one that is there.

        Raises:
            ConfigError: If another search is there, naming what differs.
        """
        mine = json.loads(json.dumps(dataclasses.asdict(self)))
        path = folder / FILE
        if path.is_file():
            there = json.loads(json.dumps(dataclasses.asdict(SearchSettings.read(folder))))
            different = [name for name in mine if name not in CHANGEABLE and mine[name] != there[name]]
            if different:
                raise ConfigError(
                    f'{folder} holds another search; it differs in {", ".join(different)}: give the same settings to '
                    'go on with it, or another --work-dir'
                )
        write_atomically(path, json.dumps(mine, indent=1).encode())


def _parameter(said: dict[str, Any]) -> Parameter:
    lists = {name: tuple(said[name]) for name in ('settings', 'complements', 'values')}
    return Parameter(**{**said, **lists})
