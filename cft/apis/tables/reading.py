"""Read the published tables, which lie in ``configs/tables``."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from cft.apis.configs.catalogue import CONFIGS
from cft.errors import ConfigError

from .cells import make_cell, published_values
from .model import Cell, Paper, Table
from .settings import checked
from .starts import Starts

FOLDER = CONFIGS / 'tables'
PAPER, STARTS = 'paper.yaml', 'starts.yaml'
HEAD = {'number', 'title', 'protocol', 'published_with', 'runs', 'spread', 'columns', 'rows', 'cells', 'baseline'}
REQUIRED = ('number', 'title', 'protocol', 'published_with', 'columns', 'rows')


def list_tables(folder: Path = FOLDER) -> list[str]:
    """Names of all tables, paper by paper, tables before figures.

    Example:
        >>> 'schane/table_1' in list_tables()
        True
    """
    files = [path for path in folder.glob('*/*.yaml') if path.name not in (PAPER, STARTS)]
    return [f'{path.parent.name}/{path.stem}' for path in sorted(files, key=_order)]


def read_table(name: str, folder: Path = FOLDER) -> Table:
    """A table with its cells.

    Args:
        name: As :func:`list_tables` gives it.
        folder: Of all tables.

    Raises:
        ConfigError: If there is none, or something in it is wrong.

    Example:
        >>> read_table('schane/table_1').cell('schane', 'cifar_fs_1').value
        87.0
    """
    path = folder / f'{name.removesuffix(".yaml")}.yaml'
    if name not in list_tables(folder):
        raise ConfigError(f'no table {name}; cft table list names all: {", ".join(list_tables(folder))}')
    read = _mapping(path)
    if missing := [key for key in REQUIRED if not read.get(key)]:
        raise ConfigError(f'{path} has no {", ".join(missing)}')
    try:
        return _table(name, read, folder)
    except (ConfigError, TypeError) as error:
        raise ConfigError(f'{path}: {error}') from error


def read_paper(name: str, folder: Path = FOLDER) -> Paper:
    """A paper by its folder.

    Example:
        >>> read_paper('schane').short
        'SCHaNe'
    """
    read = _mapping(folder / name / PAPER)
    try:
        return Paper(name, **{**read, 'collections': tuple(read.get('collections', ()))})
    except TypeError as error:
        raise ConfigError(f'{folder / name / PAPER}: {error}') from error


def _table(name: str, read: Mapping[str, Any], folder: Path) -> Table:
    paper = name.split('/')[0]
    columns = {entry['id']: entry for entry in read['columns']}
    rows = {entry['id']: entry for entry in read['rows']}
    if len(columns) < len(read['columns']) or len(rows) < len(read['rows']):
        raise ConfigError('an id of a row or column stands twice')
    starts = Starts({**_optional(folder / STARTS), **_optional(folder / paper / STARTS)})
    table_level = checked(read, HEAD, 'the table')
    column_levels = {key: checked(entry, {'id', 'title'}, f'column {key}') for key, entry in columns.items()}
    cells = []
    own = read.get('cells') or {}
    for row, entry in rows.items():
        row_level = checked(entry, {'id', 'title', 'values'}, f'row {row}')
        values = published_values(entry.get('values'), list(columns), f'row {row}')
        given = own.get(row) or {}
        if unknown := set(given) - set(values):
            raise ConfigError(f'cells has {row}.{min(unknown)}, which the row has not')
        for column, value in values.items():
            cell_level = checked(given.get(column) or {}, set(), f'cell {row}.{column}')
            levels = [table_level, column_levels[column], row_level, cell_level]
            cells.append(make_cell(row, column, value, levels, starts))
    if unknown := set(own) - set(rows):
        raise ConfigError(f'cells has {min(unknown)}, which is no row')
    if read.get('baseline') not in (None, *rows):
        raise ConfigError(f'baseline {read["baseline"]} is no row')
    return Table(
        name, read_paper(paper, folder), str(read['number']), read['title'], read['protocol'], read['published_with'],
        read.get('runs'), read.get('spread'),
        {key: entry['title'] for key, entry in rows.items()},
        {key: entry['title'] for key, entry in columns.items()},
        _with_digits(cells),
        read.get('baseline'),
    )  # fmt: skip


def _with_digits(cells: list[Cell]) -> tuple[Cell, ...]:
    """As many decimal places as a column is printed with; YAML does not keep the zeros at the end."""
    digits: dict[str, int] = {}
    for cell in cells:
        for number in (cell.value, cell.spread):
            digits[cell.column] = max(digits.get(cell.column, 0), len(str(number).partition('.')[2].rstrip('0')))
    return tuple(replace(cell, digits=digits[cell.column]) for cell in cells)


def _mapping(path: Path) -> dict[str, Any]:
    try:
        read = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f'{path} cannot be read: {" ".join(str(error).split())}') from error
    if not isinstance(read, dict):
        raise ConfigError(f'{path} holds no mapping')
    return read


def _optional(path: Path) -> dict[str, Any]:
    return _mapping(path) if path.is_file() else {}


def _order(path: Path) -> tuple[str, bool, int, str]:
    kind, _, number = path.stem.rpartition('_')
    return path.parent.name, kind != 'table', int(number) if number.isdigit() else 0, path.stem
