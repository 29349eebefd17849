"""The settings of a cell: those of the table, its column, its row and itself, one over the other."""

from collections.abc import Mapping
from typing import Any

from cft.errors import ConfigError

RUN_KEYS = {'config', 'overrides', 'options', 'start'}
# What a table, a column, a row and a cell may have alike.
KEYS = RUN_KEYS | {
    'with',
    'changes',
    'metric',
    'average_of',
    'released',
    'stand_in',
    'quoted',
    'not_run',
    'unreadable',
    'remark',
}
# These are merged name by name, others replaced.
MERGED = {'with', 'overrides', 'changes', 'options', 'metric', 'released', 'stand_in'}
# Of what a mode replaces.
MODE_KEYS = RUN_KEYS | {'metric'}


def merged(*levels: Mapping[str, Any]) -> dict[str, Any]:
    """Settings over settings; an empty value takes away what stands below it.

    Example:
        >>> merged({'overrides': {'epochs': 5}, 'quoted': 'from [1]'}, {'overrides': {'seed': 1}, 'quoted': None})
        {'overrides': {'epochs': 5, 'seed': 1}}
    """
    found: dict[str, Any] = {}
    for level in levels:
        for key, value in level.items():
            if value is None and key != 'start':
                found.pop(key, None)
            elif key in MERGED:
                own = found.get(key, {})
                found[key] = merged(own, value) if key in ('released', 'stand_in') else {**own, **value}
            else:
                found[key] = value
    return found


def checked(settings: Mapping[str, Any], further: set[str], where: str) -> dict[str, Any]:
    """The settings among the keys of a table, column, row or cell.

    Args:
        settings: As read.
        further: What else may stand there.
        where: For the error.

    Raises:
        ConfigError: If a key is unknown.
    """
    _no_unknown(settings, KEYS | further, where)
    for mode in ('released', 'stand_in'):
        _no_unknown(settings.get(mode) or {}, MODE_KEYS, f'{where}, {mode}')
    return {key: value for key, value in settings.items() if key in KEYS}


def filled_in(value: Any, variables: Mapping[str, Any], where: str) -> Any:
    """Patterns such as ``{data}`` replaced; a pattern alone gives the variable itself, a number too.

    Raises:
        ConfigError: If a variable is unknown.

    Example:
        >>> filled_in({'config': 'ce/r50_{data}', 'tau': '{tau}'}, {'data': 'dtd', 'tau': 0.1}, 'table')
        {'config': 'ce/r50_dtd', 'tau': 0.1}
    """
    if isinstance(value, str):
        try:
            alone = value[1:-1] if value[:1] == '{' and value.count('{') == 1 and value[-1:] == '}' else None
            return variables[alone] if alone is not None else value.format_map(dict(variables))
        except (KeyError, ValueError, IndexError) as error:
            raise ConfigError(f'{where}: {value!r} needs {error}; there are {", ".join(variables)}') from error
    if isinstance(value, Mapping):
        return {key: filled_in(own, variables, where) for key, own in value.items()}
    if isinstance(value, list):
        return [filled_in(own, variables, where) for own in value]
    return value


def _no_unknown(settings: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(settings) - known):
        raise ConfigError(f'{where} has {", ".join(unknown)}, which is none of {", ".join(sorted(known))}')
