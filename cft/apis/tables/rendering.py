"""A table beside what was measured, for a terminal, Markdown, LaTeX, a spreadsheet and a page."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from cft.evaluation import PairedDifference
from cft.files import write_atomically
from cft.visualization import tables
from cft.visualization.blocks import Facts, Grid, Section, Sentences
from cft.visualization.page import write_page
from cft.visualization.tables import Table as TextTable

from .model import Cell, Mode, Table
from .results import CellResult
from .runs import TablePlan

STAND_IN = 'STAND-IN, not a reproduction: small networks on small shipped or drawn data'
DIGITS = 2


def published(cell: Cell | None) -> str:
    """The figure as printed; empty where there is none.

    Example:
        >>> from cft.apis.tables.model import Metric
        >>> published(Cell('ce', 'dtd', Metric('accuracy', 'accuracy/top1'), 71.68, 0.53))
        '71.68 ± 0.53'
    """
    if cell is None or cell.value is None:
        return ''
    return f'{cell.value:.{cell.digits}f}' + ('' if cell.spread is None else f' ± {cell.spread:.{cell.digits}f}')


def measured(result: CellResult) -> str:
    """Mean and standard deviation over the seeds."""
    if result.mean is None:
        return ''
    digits = max(DIGITS, result.cell.digits)
    return f'{result.mean:.{digits}f}' + ('' if result.std is None else f' ± {result.std:.{digits}f}')


def why_empty(cell: Cell, mode: Mode) -> str:
    """Why nothing was measured for a cell."""
    if cell.quoted:
        return 'quoted'
    if cell.not_run:
        return 'no config'
    if cell.average_of:
        return 'columns not run'
    return 'not run' if mode in cell.recipes else f'no {mode} recipe'


def overview(plan: TablePlan, results: Sequence[CellResult]) -> TextTable:
    """Rows and columns of the paper; of a stand-in the measured figures alone."""
    table, by_name = plan.table, {result.cell.name: result for result in results}
    stands_in = plan.mode == 'stand-in'
    rows = []
    for row, title in table.rows.items():
        cells = [title]
        for column in table.columns:
            result = by_name.get(f'{row}.{column}')
            cells += _shown(result, plan.mode)
        rows.append(cells)
    columns = [title for name in table.columns.values() for title in _titles(name, stands_in)]
    return TextTable(
        [STAND_IN if stands_in else f'{table.paper.short}, {table.number}', *columns], rows, caption=caption(plan)
    )


def caption(plan: TablePlan) -> str:
    """What the figures are."""
    table = plan.table
    if plan.mode == 'stand-in':
        what = f'{table.paper.short}, {table.number}'
        return f'{STAND_IN}. Rows, columns and code of {what}; no published figure is comparable.'
    spread = f'; ± of the paper: {table.spread}' if table.spread else ''
    return (
        f'{table.title}. Protocol: {plan.mode} (published figures: {table.published_with}). Measured: mean ± standard '
        f'deviation over up to {len(plan.seeds)} seeds{spread}.'
    )


def numbers(plan: TablePlan, results: Sequence[CellResult]) -> TextTable:
    """A line for each cell with all that is known of it."""
    stands_in = plan.mode == 'stand-in'
    # Every form of a stand-in says what it is, a spreadsheet too.
    first = STAND_IN if stands_in else 'row'
    columns = [first, 'column', 'metric', 'seeds', 'measured', 'std', 'to baseline', '95 % interval', 'p (Holm)']
    if not stands_in:
        columns[3:3] = ['published', '±']
        columns += ['minus published', '95 % interval of it']
    columns.append('remark')
    rows = []
    for result in results:
        cell, metric = result.cell, result.metric or result.cell.metric
        line = [plan.table.rows[cell.row], plan.table.columns[cell.column], f'{metric.name} {metric.unit}'.strip()]
        if not stands_in:
            line += [_number(cell.value, cell), _number(cell.spread, cell)]
        line += [
            str(len(result.values)),
            _number(result.mean, cell),
            _number(result.std, cell),
            *_told(result.beside, cell),
        ]
        line.append('' if result.adjusted_p is None or math.isnan(result.adjusted_p) else f'{result.adjusted_p:.2g}')
        if not stands_in:
            line += _told(result.difference, cell)
        reasons = [cell.quoted and f'quoted: {cell.quoted}', cell.not_run and f'no config: {cell.not_run}']
        reasons += [cell.unreadable and f'not readable: {cell.unreadable}', cell.remark]
        rows.append([*line, '; '.join(filter(None, reasons))])
    return TextTable(columns, rows, caption=caption(plan))


def write_results(plan: TablePlan, results: Sequence[CellResult], folder: Path, command: str = '') -> list[Path]:
    """Write Markdown, LaTeX, CSV, JSON and a page; files of a stand-in say so in their names.

    Args:
        plan: Of the table.
        results: Of :func:`collect_results`.
        folder: Where they go.
        command: How to do it again.

    Returns:
        The files.

    Example:
        >>> write_results(plan, results, Path('work_dirs/tables'))  # doctest: +SKIP
    """
    shown, listed = overview(plan, results), numbers(plan, results)
    title = f'{plan.table.paper.short}, {plan.table.number}: {plan.table.title}'
    title = f'{STAND_IN}: {title}' if plan.mode == 'stand-in' else f'{title} ({plan.mode} protocol)'
    stem = f'{plan.mode.replace("-", "_")}_{plan.table.name.replace("/", "_")}'
    facts = {'paper': f'{plan.table.paper.title} ({plan.table.paper.venue})', 'protocol': plan.table.protocol}
    content = {
        'title': title, 'mode': plan.mode, 'table': plan.table.name, 'command': command,
        'cells': [
            {
                'row': result.cell.row, 'column': result.cell.column, 'values': dict(result.values),
                'published': None if plan.mode == 'stand-in' else result.cell.value,
                'metric': (result.metric or result.cell.metric).key,
            }
            for result in results
        ],
    }  # fmt: skip
    texts = {
        'md': f'# {title}\n\n{tables.markdown(shown)}\n\n{caption(plan)}\n\n{tables.markdown(listed)}\n',
        'tex': f'% {title}\n{tables.latex(shown)}\n\n{tables.latex(listed)}\n',
        'csv': tables.csv_text(listed),
        'json': json.dumps(content, indent=1),
    }
    for suffix, text in texts.items():
        write_atomically(folder / f'{stem}.{suffix}', text.encode())
    sections = [
        Section('table', 'The table', [Grid(shown), Sentences([caption(plan)])]),
        Section('cells', 'Every cell', [Grid(listed, folded=True)]),
        Section('origin', 'Where it comes from', [Facts({**facts, 'command': command})]),
    ]
    page = write_page(folder / f'{stem}.html', title, plan.table.paper.title, sections)
    return [*(folder / f'{stem}.{suffix}' for suffix in texts), page]


def plain(plan: TablePlan, results: Sequence[CellResult]) -> str:
    """For a terminal: the cells that have something measured, all of them with intervals."""
    listed = numbers(plan, [result for result in results if result.values])
    if not listed.rows:
        return f'{caption(plan)}\nNothing of it has been run.'
    return f'{tables.text(listed)}\n{caption(plan)}'


def header(table: Table) -> str:
    """Two lines on a table."""
    return (
        f'{table.name}: {table.paper.short}, {table.number}: {table.title}\n{" ".join(table.protocol.split())}\n'
        f'Published figures: {table.published_with}'
    )


def _titles(name: str, stands_in: bool) -> list[str]:
    return [name] if stands_in else [f'{name}, paper', f'{name}, measured']


def _shown(result: CellResult | None, mode: Mode) -> list[str]:
    if result is None:
        return [''] if mode == 'stand-in' else ['', '']
    found = measured(result) or why_empty(result.cell, mode)
    if mode == 'stand-in':
        return [found]
    difference = '' if result.difference is None else f' ({result.difference.mean:+.{DIGITS}f})'
    return [published(result.cell), f'{found}{difference}']


def _number(value: float | None, cell: Cell) -> str:
    return '' if value is None else f'{value:.{max(DIGITS, cell.digits)}f}'


def _told(difference: PairedDifference | None, cell: Cell) -> list[str]:
    if difference is None:
        return ['', '']
    digits = max(DIGITS, cell.digits)
    interval = '' if math.isnan(difference.low) else f'{difference.low:+.{digits}f} to {difference.high:+.{digits}f}'
    return [f'{difference.mean:+.{digits}f}', interval]
