"""What a table would take, in words: every cell, the runs, hours, disk, and what is missing."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cft.engine.run_cost import in_bytes
from cft.visualization import tables
from cft.visualization.tables import Table as TextTable

from .costs import RunCost, run_costs
from .data_needs import DataNeed, data_needs
from .model import Cell, Checkpoint, Mode, Table
from .rendering import header, published
from .runs import CHECKPOINTS, TablePlan
from .step_times import StepTimes


def what_is_done(cell: Cell, mode: Mode) -> str:
    """Where the figure of a cell comes from when the table is run.

    Example:
        >>> from cft.apis.tables.reading import read_table
        >>> what_is_done(read_table('schane/table_1').cell('schane', 'fc100_1'), 'paper')
        'schane/beit3_b16_fc100'
    """
    if cell.quoted:
        return f'quoted: {cell.quoted}'
    if cell.not_run:
        return f'no config: {cell.not_run}'
    if cell.average_of:
        return f'mean of {len(cell.average_of)} columns'
    recipe = cell.recipes.get(mode)
    return recipe.config if recipe is not None else f'no {mode} recipe'


def cell_list(table: Table, mode: Mode) -> TextTable:
    """A line for each cell of a table."""
    rows = [
        [table.rows[cell.row], table.columns[cell.column], published(cell) or '-', what_is_done(cell, mode)]
        for cell in table.cells
    ]
    return TextTable(['row', 'column', 'published', 'comes from'], rows)


def missing(plan: TablePlan, needs: Sequence[DataNeed], folder: Path = CHECKPOINTS) -> list[str]:
    """What must be there before the runs begin: a line each, with where it comes from."""
    lines = []
    for need in needs:
        if not need.is_there:
            how = f'; then {need.command}' if need.command else ''
            lines.append(f'data: {need.place} (about {need.gigabytes:g} GB) from {need.page}{how}')
    return lines + [
        _told(checkpoint, folder) for checkpoint in plan.checkpoints if not (folder / checkpoint.file).is_file()
    ]


def told_plan(plan: TablePlan, times: StepTimes, folder: Path = CHECKPOINTS, width: int = 1) -> list[str]:
    """All of it.

    Args:
        plan: The runs.
        times: Of steps.
        folder: Of checkpoints.
        width: How many runs go on at a time.

    Example:
        >>> lines = told_plan(plan, StepTimes())  # doctest: +SKIP
    """
    chosen = [cell for cell in plan.table.cells if cell.name in plan.of_cell]
    lines = [header(plan.table), '', tables.text(cell_list(plan.table, plan.mode)), '']
    shared = {name for run in plan.runs for name in run.needs}
    lines.append(
        f'{len(plan.table.cells)} cells, {len(chosen)} to be run with {len(plan.seeds)} seeds: {len(plan.runs)} runs, '
        f'{len(shared)} of them shared by others that start from them; {width} at a time'
    )
    if plan.mode == 'stand-in':
        lines.append('Stand-in: small networks on shipped or drawn data, minutes on a CPU.')
        return lines
    costs, configs = run_costs(plan, times)
    lines += ['', tables.text(_cost_table(costs)), '', *_totals(costs)]
    needs = data_needs(configs)
    lines.append(f'data on the disk: about {sum({need.name: need.gigabytes for need in needs}.values()):g} GB')
    lacking = missing(plan, needs, folder)
    lines += ['', 'missing:' if lacking else 'data and checkpoints are there', *(f'  {line}' for line in lacking)]
    return lines


def _cost_table(costs: Sequence[RunCost]) -> TextTable:
    """A line for runs that differ in nothing but settings and seed."""
    rows = []
    for (config, key), number in Counter((cost.run.config, cost.key) for cost in costs).items():
        cost = next(one for one in costs if (one.run.config, one.key) == (config, key))
        hours = 'not known' if cost.hours is None else 'measures only' if not cost.images else f'{cost.hours:.1f}'
        rows.append(
            [config, key, str(number), '' if cost.images is None else f'{cost.images:,}', hours, in_bytes(cost.disk)]
        )
    return TextTable(['config', 'network, method, size', 'runs', 'images each', 'GPU-hours each', 'disk each'], rows)


def _totals(costs: Sequence[RunCost]) -> list[str]:
    hours = [cost.hours for cost in costs if cost.hours is not None]
    unknown = len(costs) - len(hours)
    sources = dict.fromkeys(cost.step.source for cost in costs if cost.step is not None and cost.images)
    told = f'about {sum(hours):,.1f} GPU-hours of training steps' + (f', {unknown} runs unknown' if unknown else '')
    return [
        f'{told} ({"; ".join(sources)})' if sources else told,
        f'about {in_bytes(sum(cost.disk for cost in costs))} of checkpoints',
    ]


def _told(checkpoint: Checkpoint, folder: Path) -> str:
    return f'checkpoint: {folder / checkpoint.file} ({checkpoint.title}) from {checkpoint.source}'
