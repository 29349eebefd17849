"""The runs of a table: each once, whatever the number of cells, and of tables, that it fills."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cft.apis.configs.catalogue import SHIPPED, list_configs
from cft.apis.configs.config import load_config
from cft.apis.experiments.domain_generalization import hold_out
from cft.errors import ConfigError
from cft.experiments import Output, Run

from .model import Cell, Checkpoint, Mode, Recipe, Table

# Where files of others are looked for, unless another folder is named.
CHECKPOINTS = Path('checkpoints')
# Of the digest in the name of a run.
DIGITS = 8
EPOCH = 'start_epoch'


@dataclass(frozen=True)
class TablePlan:
    """What is to be run for a table.

    Attributes:
        table: Which.
        mode: ``'paper'``, ``'released'`` or ``'stand-in'``.
        seeds: Of the runs.
        runs: Those that others start from first.
        of_cell: Names of the runs, seed by seed, by the name of each cell that is run.
        checkpoints: Files of others that runs start from.

    Example:
        >>> plan = plan_table(read_table('schane/table_1'), 'paper', range(3))  # doctest: +SKIP
        >>> len(plan.of_cell), len(plan.runs)  # doctest: +SKIP
        (16, 24)
    """

    table: Table
    mode: Mode
    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    of_cell: Mapping[str, tuple[str, ...]]
    checkpoints: tuple[Checkpoint, ...]


def plan_table(
    table: Table,
    mode: Mode,
    seeds: Sequence[int],
    cells: Collection[str] | None = None,
    checkpoints: Path = CHECKPOINTS,
) -> TablePlan:
    """The runs of a table, or of some of its cells.

    A run is named after its config and a digest of what it does, so that what
    two tables share is one run in a folder that they share.

    Args:
        table: As read.
        mode: Which of its recipes.
        seeds: Of the runs; one that others start from is done with seed 0, unless it is done for each.
        cells: ``ROW``, ``ROW.COLUMN`` or ``*.COLUMN``; None: all.
        checkpoints: Folder of the files of others.

    Raises:
        ConfigError: If the table has no such recipe, or no such cell.

    Example:
        >>> from cft.apis.tables.reading import read_table
        >>> plan = plan_table(read_table('schane/table_1'), 'paper', [0], ['schane'])
        >>> len(plan.of_cell), len(plan.runs)
        (8, 4)
    """
    chosen = chosen_cells(table, cells)
    found = [cell for cell in chosen if mode in cell.recipes]
    if not found:
        raise ConfigError(_nothing(table, mode, chosen))
    builder = _Runs(checkpoints)
    of_cell = {
        cell.name: tuple(builder.add(cell.recipes[mode], seed, {'table': table.name, 'mode': mode}) for seed in seeds)
        for cell in found
    }
    return TablePlan(
        table, mode, tuple(seeds), tuple(builder.runs.values()), of_cell, tuple(builder.checkpoints.values())
    )


def chosen_cells(table: Table, names: Collection[str] | None) -> list[Cell]:
    """The cells that somebody names.

    Raises:
        ConfigError: If a name is of no cell.

    Example:
        >>> from cft.apis.tables.reading import read_table
        >>> len(chosen_cells(read_table('schane/table_1'), ['*.fc100_1']))
        7
    """
    if names is None:
        return list(table.cells)
    found: dict[str, Cell] = {}
    for name in names:
        row, _, column = name.partition('.')
        own = [cell for cell in table.cells if row in ('*', cell.row) and column in ('', '*', cell.column)]
        if not own:
            raise ConfigError(
                f'{table.name} has no cell {name}; write ROW, ROW.COLUMN or *.COLUMN of the rows '
                f'{", ".join(table.rows)} and columns {", ".join(table.columns)}'
            )
        found |= {cell.name: cell for cell in own}
    return list(found.values())


def config_of(recipe: Recipe) -> str:
    """The config as :func:`cft.apis.load_config` takes it: a name, or a file of the checkout such as a project's.

    Raises:
        ConfigError: If there is none.

    Example:
        >>> config_of(Recipe('ce/r50_dtd'))
        'ce/r50_dtd'
    """
    if recipe.config.removesuffix('.py') in list_configs():
        return recipe.config.removesuffix('.py')
    path = SHIPPED / recipe.config
    if path.is_file():
        return str(path)
    raise ConfigError(f'no config {recipe.config}: neither cft configs nor {SHIPPED} has it')


class _Runs:
    """Runs by name, each put in once."""

    def __init__(self, checkpoints: Path) -> None:
        self._folder = checkpoints
        self.runs: dict[str, Run] = {}
        self.checkpoints: dict[str, Checkpoint] = {}

    def add(self, recipe: Recipe, seed: int, labels: Mapping[str, Any]) -> str:
        """The name of the run."""
        config = config_of(recipe)
        overrides, options = dict(recipe.overrides), dict(recipe.options)
        if 'test_domain' in overrides:
            # As leave_one_domain_out does: the seed also says which images validate.
            overrides |= hold_out(load_config(config), overrides['test_domain'], seed)
        content: list[Any] = [recipe.config, overrides, options, recipe.epoch, seed]
        if isinstance(recipe.start, Checkpoint):
            self.checkpoints[recipe.start.name] = recipe.start
            overrides['checkpoint'] = str(self._folder / recipe.start.file)
            content.append(recipe.start.name)
        elif recipe.start is not None:
            before = self.add(recipe.start, seed if recipe.start.per_seed else 0, labels)
            overrides['checkpoint'] = Output(before)
            content.append(before)
            if recipe.epoch is not None:
                options[EPOCH] = recipe.epoch
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:DIGITS]
        slug = re.sub(r'[^A-Za-z0-9_]+', '-', recipe.config.removesuffix('.py').removeprefix('projects/'))
        name = f'{slug}-{seed}-{digest}'
        if name not in self.runs:
            self.runs[name] = Run(name, config, overrides, seed, dict(labels), options)
        return name


def _nothing(table: Table, mode: Mode, chosen: Sequence[Cell]) -> str:
    if mode not in table.modes:
        there = ', '.join(table.modes) or 'nothing'
        return f'{table.name} has no {mode} runs; it has {there}. {table.published_with}'
    reasons = dict.fromkeys(filter(None, (cell.quoted or cell.not_run for cell in chosen)))
    return f'nothing of {table.name} is to be run there: {"; ".join(reasons) or "averages follow from other columns"}'
