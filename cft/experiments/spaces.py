"""Which values the settings of a config may take in a search: read from a data file, for a config."""

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cft.errors import ConfigError

# Of a parameter in the file.
KEYS = ('settings', 'complements', 'range', 'factor', 'values', 'scale')
SCALES = ('log', 'linear')
DIGITS = 4

Value = int | float | str | bool | None


@dataclass(frozen=True)
class Parameter:
    """One dimension of a space.

    Attributes:
        name: Short, as a paper has it.
        settings: Dotted names in the config that take the value.
        complements: Those that take 1 minus the value.
        own: The value that the config has.
        values: The values to choose from; none where there is a range.
        low: Least value of a range.
        high: Greatest value of a range.
        log: Whether equal ratios, not equal differences, are equally likely.

    Example:
        >>> Parameter('tau', ('model.head.loss.temperature',), low=0.1, high=10.0, log=True).at(0.5)
        1.0
    """

    name: str
    settings: tuple[str, ...]
    complements: tuple[str, ...] = ()
    own: Any = None
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def at(self, share: float) -> Value:
        """The value at a share of the way, in [0, 1), through the values or the range."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.log:
            return self.rounded(self.low * (self.high / self.low) ** share)
        return self.rounded(self.low + share * (self.high - self.low))

    def rounded(self, value: Any) -> Any:
        """A value as the config gets it: one of a range in four digits, and within it."""
        return value if self.values else min(max(_rounded(value), self.low), self.high)

    def overrides(self, value: Value) -> dict[str, Value]:
        """What gives a config this value.

        Example:
            >>> Parameter('lambda', ('con',), complements=('ce',)).overrides(0.9)
            {'con': 0.9, 'ce': 0.1}
        """
        changed: dict[str, Value] = dict.fromkeys(self.settings, value)
        if self.complements:
            assert isinstance(value, int | float), 'the space was checked'
            changed.update({name: _rounded(1 - value) for name in self.complements})
        return changed


@dataclass(frozen=True)
class Space:
    """The parameters of a search, for one config.

    Attributes:
        name: Of the file.
        parameters: By name.
        points: Values by name of a parameter that are tried first, such as published ones.

    Example:
        >>> space = Space('scl', {'tau': Parameter('tau', ('loss.temperature',), low=0.05, high=1.0, log=True)})
        >>> [sorted(overrides) for overrides in space.sample(3, seed=0)]
        [[], ['loss.temperature'], ['loss.temperature']]
    """

    name: str
    parameters: Mapping[str, Parameter]
    points: Sequence[Mapping[str, Value]] = field(default=())

    def overrides(self, point: Mapping[str, Value]) -> dict[str, Value]:
        """Settings of a config from values by parameter; parameters that are left out keep the config's own."""
        changed: dict[str, Value] = {}
        for name, value in point.items():
            changed |= self.parameters[name].overrides(value)
        return changed

    def sample(self, count: int, seed: int) -> list[dict[str, Value]]:
        """Overrides to try: the config's own values, and a Latin hypercube (McKay, Beckman, Conover 1979) of the space.

        Of ``count - 1`` strata of each parameter each is used once, so that
        also few trials reach the whole range.

        Args:
            count: Number of trials, at least 1.
            seed: Of the choice.

        Returns:
            ``count`` dicts of settings; the first is empty.
        """
        rng, strata = np.random.default_rng(seed), count - 1
        shares = {name: (rng.permutation(strata) + rng.random(strata)) / max(strata, 1) for name in self.parameters}
        points = [
            {name: self.parameters[name].at(float(shares[name][row])) for name in shares} for row in range(strata)
        ]
        return [{}, *map(self.overrides, points)]


def read_space(path: str | Path, config: Mapping[str, Any]) -> Space:
    """Read a space for a config.

    The file is YAML::

        parameters:
          learning_rate: {settings: optim_wrapper.optimizer.lr, factor: [0.1, 10], scale: log}
          eta: {settings: 'model.*contrastive.loss_weight', range: [0.03, 3], scale: log}
          alpha: {settings: 'model.*pairs.alpha', values: [0.1, 1, 10]}
          lambda: {settings: 'model.*loss_weights.loss_con', complements: 'model.*loss_weights.loss_ce', range: [0, 1]}
        points:
          - {eta: 0.1, alpha: 1}

    A name with ``*`` stands for all places of the config that it fits, so that
    one file serves the tasks, in which a method has its settings at different
    places. ``factor`` is a range of multiples of the config's own value; where
    that is 0, a ``range`` beside it is taken.

    Args:
        path: The file.
        config: The config's dict as it will be trained, network and recipe chosen.

    Raises:
        ConfigError: If the file cannot be read, says something else, or names what the config does not have.

    Example:
        >>> read_space('configs/spaces/scl.yaml', cfg)  # doctest: +SKIP
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding='utf-8'))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise ConfigError(f'space {path} cannot be read: {" ".join(str(error).split())}') from error
    if not isinstance(content, dict) or not isinstance(content.get('parameters'), dict) or not content['parameters']:
        raise ConfigError(f'space {path} needs parameters, each with its settings and a range, factor or values')
    _known(f'space {path}', content, ('parameters', 'points'))
    places = dict(_places(config))
    parameters = {
        str(name): _parameter(f'space {path}, {name}', str(name), said, places)
        for name, said in content['parameters'].items()
    }
    points = content.get('points') or []
    for point in points:
        if not isinstance(point, dict):
            raise ConfigError(f'space {path}: points must be a list of values by parameter, got {point!r}')
        _known(f'space {path}, points', point, tuple(parameters))
    return Space(Path(path).stem, parameters, tuple(points))


def _parameter(where: str, name: str, said: Any, places: Mapping[str, Any]) -> Parameter:
    # A range beside a factor is for what the config has at 0.
    kinds = {key for key in ('range', 'factor', 'values') if isinstance(said, dict) and key in said}
    if kinds not in ({'range'}, {'factor'}, {'values'}, {'factor', 'range'}):
        raise ConfigError(f'{where}: give settings and one of range, factor and values, got {said!r}')
    _known(where, said, KEYS)
    settings = _find(where, said.get('settings'), places)
    complements = _find(where, said['complements'], places) if 'complements' in said else ()
    own = places[settings[0]]
    scale = said.get('scale', 'linear')
    if scale not in SCALES:
        raise ConfigError(f'{where}: scale must be log or linear, got {scale!r}')
    if 'values' in said:
        values = said['values']
        if not isinstance(values, list) or len(values) < 2:
            raise ConfigError(f'{where}: values must be a list of two or more, got {values!r}')
        if complements and not all(map(_is_number, values)):
            raise ConfigError(f'{where}: values must be numbers beside complements, got {values!r}')
        return Parameter(name, settings, complements, own, values=tuple(values))
    multiplies = 'factor' in said and not ('range' in said and own == 0)
    bounds = said['factor'] if multiplies else said['range']
    if not isinstance(bounds, list) or len(bounds) != 2 or not all(map(_is_number, bounds)) or bounds[0] >= bounds[1]:
        raise ConfigError(f'{where}: a range is two numbers, the smaller first, got {bounds!r}')
    if multiplies:
        if not _is_number(own) or own <= 0:
            raise ConfigError(f'{where}: {settings[0]} is {own!r}, of which there are no multiples; give a range')
        bounds = [_rounded(own * bound) for bound in bounds]
    if scale == 'log' and bounds[0] <= 0:
        raise ConfigError(f'{where}: a logarithmic range begins above 0, got {bounds!r}')
    return Parameter(name, settings, complements, own, low=float(bounds[0]), high=float(bounds[1]), log=scale == 'log')


def _find(where: str, names: Any, places: Mapping[str, Any]) -> tuple[str, ...]:
    """Places of the config that the settings of a parameter mean."""
    found: list[str] = []
    for name in [names] if isinstance(names, str) else names or []:
        fitting = [place for place in places if fnmatchcase(place, str(name))]
        if not fitting:
            near = difflib.get_close_matches(str(name), places, n=1)
            raise ConfigError(
                f'{where}: the config has no {name}; '
                + (f'did you mean {near[0]}?' if near else 'take a space that is made for it')
            )
        found += fitting
    if not found:
        raise ConfigError(f'{where}: settings must name a setting of the config, got {names!r}')
    return tuple(dict.fromkeys(found))


def _places(node: Any, where: str = '') -> Iterator[tuple[str, Any]]:
    """Every value in a config by its dotted name, lists by their indices."""
    pairs = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list | tuple) else ()
    for key, value in pairs:
        place = f'{where}.{key}' if where else str(key)
        yield place, value
        yield from _places(value, place)


def _known(where: str, said: Mapping, names: Sequence[str]) -> None:
    for name in said:
        if name not in names:
            raise ConfigError(f'{where}: {name!r} is unknown; there are {", ".join(names)}')


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _rounded(value: float) -> float:
    return float(f'{value:.{DIGITS}g}')
