"""The published tables as data: all are there with all their cells, and each cell says what becomes of it."""

from pathlib import Path

import pytest
import yaml

from cft.apis.tables.model import Table
from cft.apis.tables.reading import list_tables
from cft.apis.tables.rendering import published
from cft.apis.tables.telling import cell_list, what_is_done
from cft.apis.tables.uses import all_tables

# Rows, columns and cells, counted in the papers.
SHAPES = yaml.safe_load(Path(__file__).with_name('published_tables.yaml').read_text())
NUMBERED = {
    'coretuning': ([*range(4, 16)], [2, 3, 4]),
    'coin': ([*range(1, 7)], [2, 4]),
    'schane': ([*range(1, 5)], [2, 3, 4]),
    'hexa': ([*range(1, 6)], [2, 3, 4, 5]),
    'sce': ([1, *range(3, 12)], []),
}
TABLES = all_tables()


def test_all_tables_and_figures_with_experiments() -> None:
    expected = {
        f'{paper}/{kind}_{number}'
        for paper, (numbers, figures) in NUMBERED.items()
        for kind, own in (('table', numbers), ('figure', figures))
        for number in own
    }
    assert set(list_tables()) == set(SHAPES) == expected
    assert sum('/table_' in name for name in expected) == 37 and sum('/figure_' in name for name in expected) == 12


@pytest.mark.parametrize('table', TABLES, ids=lambda table: table.name)
def test_cells(table: Table) -> None:
    """As many as the paper prints; each is run, an average, or says why not; an empty one says why."""
    kinds = {
        'averages': sum(bool(cell.average_of) for cell in table.cells),
        'quoted': sum(bool(cell.quoted) for cell in table.cells),
        'not_run': sum(bool(cell.not_run) for cell in table.cells),
        'unreadable': sum(cell.value is None for cell in table.cells),
    }
    shape = {'rows': len(table.rows), 'columns': len(table.columns), 'cells': len(table.cells)}
    assert shape | kinds == SHAPES[table.name]
    run = sum('paper' in cell.recipes for cell in table.cells)
    assert run + kinds['averages'] + kinds['quoted'] + kinds['not_run'] == len(table.cells)
    assert all(cell.unreadable for cell in table.cells if cell.value is None)
    assert table.published_with.split(':')[0] in ('paper', 'released', 'unstated')


@pytest.mark.parametrize('table', TABLES, ids=lambda table: table.name)
def test_every_cell_has_a_stand_in(table: Table) -> None:
    assert 'stand-in' in table.modes
    assert all('stand-in' in cell.recipes for cell in table.cells if 'paper' in cell.recipes)


@pytest.mark.parametrize('table', TABLES, ids=lambda table: table.name)
def test_a_plan_lists_every_cell(table: Table) -> None:
    for mode in table.modes:
        rows = cell_list(table, mode).rows
        expected = [
            [table.rows[cell.row], table.columns[cell.column], published(cell) or '-', what_is_done(cell, mode)]
            for cell in table.cells
        ]
        assert rows == expected and all(row[3] for row in rows)
