"""Cells from the settings that a table gives them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cft.errors import ConfigError

from .model import Cell, Metric, Mode, Recipe
from .settings import RUN_KEYS, filled_in, merged
from .starts import Starts, epoch_of, start_of

# In the list of a row's values: what the paper leaves empty.
EMPTY = '-'
NUMBER = r'[+-]?\d+(?:\.\d+)?'
PUBLISHED = re.compile(rf'({NUMBER})(?:\s*±\s*({NUMBER}))?')
DEFAULT_OPTIONS = {'splits': ['test']}


def published_values(values: Any, columns: Sequence[str], where: str) -> dict[str, Any]:
    """What stands in a row, by column.

    Args:
        values: A mapping, or a list in the order of the columns, in which ``-`` is a cell that the paper leaves empty.
        columns: Keys.
        where: For errors.

    Raises:
        ConfigError: If there are too many or too few, or a column is unknown.

    Example:
        >>> published_values([91.2, '-', None], ['a', 'b', 'c'], 'row')
        {'a': 91.2, 'c': None}
    """
    if isinstance(values, list):
        if len(values) != len(columns):
            raise ConfigError(f'{where} has {len(values)} values for {len(columns)} columns')
        values = dict(zip(columns, values, strict=True))
    if not isinstance(values, Mapping) or not set(values) <= set(columns):
        raise ConfigError(f'{where} needs values, a list or by column; columns are {", ".join(columns)}')
    return {column: value for column, value in values.items() if value != EMPTY}


def read_number(value: Any, where: str) -> tuple[float | None, float | None]:
    """A figure and what stands behind its ±.

    Raises:
        ConfigError: If it is no figure.

    Example:
        >>> read_number('94.70 ± 0.39', 'cell')
        (94.7, 0.39)
    """
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value, None
    found = PUBLISHED.fullmatch(str(value).strip())
    if found is None:
        raise ConfigError(f'{where}: {value!r} is neither a number nor "number ± number"')
    return float(found[1]), None if found[2] is None else float(found[2])


def make_cell(row: str, column: str, value: Any, levels: Sequence[Mapping[str, Any]], starts: Starts) -> Cell:
    """A cell.

    Args:
        row: Key.
        column: Key.
        value: As published.
        levels: Settings of the table, the column, the row and the cell.
        starts: What recipes may start from.

    Raises:
        ConfigError: If it cannot be run and does not say why, or is unreadable without a reason.
    """
    where = f'cell {row}.{column}'
    settings = merged(*levels)
    variables = {'row': row, 'column': column, **settings.pop('with', {})}
    reasons = [key for key in ('quoted', 'not_run') if settings.get(key)]
    if len(reasons) > 1:
        raise ConfigError(f'{where} is {" and ".join(reasons)}; take one')
    if settings.get('average_of') and not reasons:
        reasons = ['average_of']
    elif reasons:
        settings.pop('average_of', None)
    # Where nothing is run, the patterns of its table may lack their variables.
    skipped = {*RUN_KEYS, 'changes', 'released', 'stand_in'} if reasons else set()
    settings = {key: filled_in(own, variables, where) for key, own in settings.items() if key not in skipped}
    number, spread = read_number(value, where)
    if number is None and not settings.get('unreadable'):
        raise ConfigError(f'{where} has no value and does not say why it is unreadable')
    if 'metric' not in settings:
        raise ConfigError(f'{where} has no metric')
    recipes: dict[Mode, Recipe] = {} if reasons else _recipes(settings, starts, where)
    if not recipes and not reasons:
        raise ConfigError(f'{where} needs a config, or quoted, not_run or average_of with the reason')
    metric = Metric(**settings['metric'])
    stand_in = settings.get('stand_in') or {}
    own = {**settings['metric'], **(stand_in.get('metric') or {})}
    return Cell(
        row, column, metric, number, spread, recipes,
        {'stand-in': Metric(**own)} if stand_in.get('metric') else {},
        tuple(settings.get('average_of') or ()),
        settings.get('quoted'), settings.get('not_run'),
        settings.get('unreadable') if number is None else None, settings.get('remark'),
    )  # fmt: skip


def _recipes(settings: dict[str, Any], starts: Starts, where: str) -> dict[Mode, Recipe]:
    if 'config' not in settings:
        return {}
    changes = settings.get('changes') or {}
    recipes: dict[Mode, Recipe] = {'paper': _recipe(settings, changes, starts, where)}
    if settings.get('released'):
        own = merged({key: settings[key] for key in settings if key in _KEPT}, settings['released'])
        recipes['released'] = _recipe(own, changes, starts, where)
    if settings.get('stand_in'):
        recipes['stand-in'] = _recipe(settings['stand_in'], changes, starts, f'{where}, stand-in')
    return recipes


_KEPT = ('config', 'overrides', 'options', 'start')


def _recipe(settings: Mapping[str, Any], changes: Mapping[str, Any], starts: Starts, where: str) -> Recipe:
    if 'config' not in settings:
        raise ConfigError(f'{where} names no config')
    return Recipe(
        settings['config'],
        {**(settings.get('overrides') or {}), **changes},
        settings.get('options') or DEFAULT_OPTIONS,
        starts.resolve(start_of(settings), where),
        epoch_of(settings),
    )
