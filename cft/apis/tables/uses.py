"""Which published cells the configs of a folder reproduce."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cft.errors import ConfigError

from .model import Cell, Recipe, Table
from .reading import FOLDER, list_tables, read_paper, read_table

COLLECTIONS = 'collections.yaml'
# What ``cft table collect`` wrote of runs that were made, copied here.
MEASURED = 'measured'


@dataclass(frozen=True)
class Collection:
    """A folder of configs.

    Attributes:
        folder: Its name.
        name: Of the method.
        title: Of the method's paper; None for a plain baseline.
        url: Of the paper.
        code: Of what its authors released.

    Example:
        >>> Collection('ce', 'CE').title is None
        True
    """

    folder: str
    name: str
    title: str | None = None
    url: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Use:
    """A cell that a config reproduces, or that starts from one.

    Attributes:
        table: Where the cell is.
        cell: It.
        config: Of the folder.
        starts: Whether the cell's own config starts from this one.

    Example:
        >>> next(config_uses([read_table('schane/table_1')])).config
        'ce/beit3_b16_cifar_fs'
    """

    table: Table
    cell: Cell
    config: str
    starts: bool


def read_collections(folder: Path = FOLDER) -> list[Collection]:
    """The folders of configs that published tables use.

    Raises:
        ConfigError: If an entry names neither its method nor its paper.

    Example:
        >>> [one.name for one in read_collections() if one.folder == 'sce']
        ['SCE']
    """
    read = yaml.safe_load((folder / COLLECTIONS).read_text(encoding='utf-8'))
    try:
        return [_collection(name, dict(entry), folder) for name, entry in read.items()]
    except TypeError as error:
        raise ConfigError(f'{folder / COLLECTIONS}: {error}') from error


def config_uses(tables: Iterable[Table]) -> Iterator[Use]:
    """The uses of all configs of the papers' protocol, cell by cell."""
    for table in tables:
        for cell in table.cells:
            recipe = cell.recipes.get('paper')
            if recipe is not None:
                yield Use(table, cell, recipe.config.removesuffix('.py'), starts=False)
                start = recipe.start
                while isinstance(start, Recipe):
                    yield Use(table, cell, start.config.removesuffix('.py'), starts=True)
                    start = start.start


def all_tables(folder: Path = FOLDER) -> list[Table]:
    """Every table."""
    return [read_table(name, folder) for name in list_tables(folder)]


def measured_cells(table: Table, folder: Path = FOLDER) -> dict[str, list[float]]:
    """What was measured here of a table with the paper's protocol, by cell; empty if nothing was.

    Example:
        >>> measured_cells(read_table('schane/table_1'))
        {}
    """
    path = folder / MEASURED / f'paper_{table.name.replace("/", "_")}.json'
    if not path.is_file():
        return {}
    read: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    cells = {f'{cell["row"]}.{cell["column"]}': list(cell['values'].values()) for cell in read['cells']}
    return {name: values for name, values in cells.items() if values}


def _collection(name: str, entry: dict[str, str], folder: Path) -> Collection:
    if 'paper' in entry:
        paper = read_paper(entry.pop('paper'), folder)
        entry |= {'title': paper.title, 'url': paper.url} | ({'code': paper.code} if paper.code else {})
    return Collection(name, **entry)
