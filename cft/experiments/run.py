"""One run of many: a config, what is changed in it, and a seed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cft.errors import ConfigError

NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]*')


@dataclass(frozen=True)
class Output:
    """A value that another run of the plan will give: the checkpoint that it ends with.

    Attributes:
        run: Name of that run.

    Example:
        >>> Run('scl-0', 'scl/folder', {'checkpoint': Output('sce')}).needs
        ('sce',)
    """

    run: str


@dataclass(frozen=True)
class Run:
    """What is done, as far as its result depends on it, and where it stands in a table.

    Attributes:
        name: Unique in its plan; letters, digits, ``.``, ``_`` and ``-``.
        config: File or name, as :func:`cft.apis.load_config` takes it.
        overrides: Dotted names and values; a value may be an :class:`Output`.
        seed: Of the weights, the order of the images and the augmentation (``randomness.seed``).
        labels: Coordinates by which results are grouped, such as
            ``dict(method='scl', draw=3)``; no result depends on them.
        options: What is done besides the training, such as ``dict(splits=['val', 'test'], measures=['knn'])``.

    Raises:
        ConfigError: If the name cannot be that of a folder.

    Example:
        >>> Run('ce-0', 'ce/folder', {'data_root': 'flowers'}, seed=0, labels={'method': 'ce'}).needs
        ()
    """

    name: str
    config: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    labels: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ConfigError(
                f'a run cannot be called {self.name!r}: take letters, digits, ".", "_" and "-", not "." first'
            )

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the runs that must be finished before this one begins."""
        return tuple(dict.fromkeys(value.run for value in self.overrides.values() if isinstance(value, Output)))
