"""Measured beside published: by hand, by SciPy, and labelled for what it is."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cft.apis.tables.model import Cell, Metric, Recipe, Table
from cft.apis.tables.reading import read_table
from cft.apis.tables.rendering import STAND_IN, numbers, overview, plain, write_results
from cft.apis.tables.results import CellResult, collect_results
from cft.apis.tables.runs import TablePlan, plan_table
from cft.experiments import RunRecord

ACCURACY = Metric('accuracy', 'accuracy/top1')
VALUES = {
    'ce.a': [80.0, 81.0, 82.5],
    'ce.b': [60.0, 61.0, 62.0],
    'scl.a': [81.0, 82.5, 83.0],
    'scl.b': [61.0, 62.5, 62.0],
}


def table() -> Table:
    cells = []
    for row in ('old', 'ce', 'scl'):
        for number, column in enumerate('ab'):
            recipe = Recipe(f'{row if row != "old" else "ce"}/r50_dtd', {'epochs': number + 1})
            recipes = {} if row == 'old' else {'paper': recipe, 'stand-in': recipe}
            quoted = 'from [1]' if row == 'old' else None
            cells.append(Cell(row, column, ACCURACY, 80.0 + number, 0.5, recipes, quoted=quoted))
        cells.append(Cell(row, 'mean', ACCURACY, 80.5, average_of=('a', 'b')))
    rows, columns = {'old': 'Old', 'ce': 'CE', 'scl': 'SCL'}, {'a': 'A', 'b': 'B', 'mean': 'Avg.'}
    return replace(read_table('schane/table_1'), rows=rows, columns=columns, cells=tuple(cells))


def records(plan: TablePlan) -> list[RunRecord]:
    return [
        RunRecord(
            name, '0f', 'ce/r50_dtd', metrics={'test': {'accuracy/top1': VALUES[cell][seed]}}, started='2026-01-02'
        )
        for cell, names in plan.of_cell.items()
        for seed, name in enumerate(names)
    ]


def by_name(plan: TablePlan, found: list[RunRecord]) -> dict[str, CellResult]:
    return {result.cell.name: result for result in collect_results(plan, found)}


def test_means_intervals_and_tests() -> None:
    plan = plan_table(table(), 'paper', range(3))
    results = by_name(plan, records(plan))
    assert list(results) == [cell.name for cell in plan.table.cells]
    assert list(results['scl.mean'].values.values()) == pytest.approx([71.0, 72.5, 72.5])
    for name, published in (('ce.a', 80.0), ('scl.b', 81.0)):
        result, values = results[name], np.array(VALUES[name])
        assert result.mean == pytest.approx(values.mean()) and result.std == pytest.approx(values.std(ddof=1))
        low, high = stats.t.interval(0.95, 2, loc=values.mean() - published, scale=stats.sem(values))
        assert (result.difference.low, result.difference.high) == pytest.approx((low, high))
    for column in 'ab':
        test = stats.ttest_rel(VALUES[f'scl.{column}'], VALUES[f'ce.{column}'])
        assert results[f'scl.{column}'].beside.p == results[f'scl.{column}'].adjusted_p == pytest.approx(test.pvalue)
        assert results[f'ce.{column}'].beside is None


def test_what_is_not_finished_stays_empty() -> None:
    plan = plan_table(table(), 'paper', range(3))
    some = [record for record in records(plan) if record.name not in plan.of_cell['scl.b'][1:]]
    results = by_name(plan, some)
    assert list(results['scl.b'].values) == list(results['scl.mean'].values) == [0]
    assert results['scl.b'].std is None and math.isnan(results['scl.b'].difference.low)
    assert results['old.a'].values == {} and results['old.mean'].mean is None
    assert by_name(plan, [])['scl.a'].difference is None


def test_the_newest_record_of_a_name_counts() -> None:
    plan = plan_table(table(), 'paper', [0])
    found = records(plan)
    older = [replace(record, metrics={'test': {'accuracy/top1': 1.0}}, started='2026-01-01') for record in found]
    assert by_name(plan, [*found, *older])['ce.a'].values == {0: 80.0}


def test_own_measures_of_a_record_and_parts_of_one() -> None:
    cells = [
        replace(table().cells[3], metric=Metric('time', 'hours', 'h')),
        replace(table().cells[6], metric=Metric('AP', 'coco/bbox_mAP')),
    ]
    plan = plan_table(replace(table(), cells=tuple(cells)), 'paper', [0])
    names = [names[0] for names in plan.of_cell.values()]
    found = [RunRecord(name, '0f', '', metrics={'test': {'coco/bbox_mAP': 0.416}}, seconds=5400.0) for name in names]
    assert [dict(result.values) for result in collect_results(plan, found)] == [{0: 1.5}, {0: pytest.approx(41.6)}]


def test_the_baseline_that_a_table_names() -> None:
    plan = plan_table(replace(table(), baseline='scl'), 'paper', range(3))
    results = by_name(plan, records(plan))
    assert results['scl.a'].beside is None and results['ce.a'].beside.mean == pytest.approx(-1.0)


def test_printed_with_intervals(tmp_path: Path) -> None:
    plan = plan_table(table(), 'paper', range(3))
    results = collect_results(plan, records(plan))
    shown = {row[0]: row[1:] for row in overview(plan, results).rows}
    assert shown['SCL'][:2] == ['80.00 ± 0.50', '82.17 ± 1.04 (+2.17)'] and shown['Old'][1] == 'quoted'
    line = next(row for row in numbers(plan, results).rows if row[:2] == ['SCL', 'A'])
    low, high = stats.t.interval(0.95, 2, loc=2.1666667, scale=stats.sem(VALUES['scl.a']))
    assert line[-3:-1] == ['+2.17', f'{low:+.2f} to {high:+.2f}']
    assert '+2.17' in plain(plan, results)
    files = write_results(plan, results, tmp_path, 'cft table collect schane/table_1')
    assert [path.name for path in files] == [
        f'paper_schane_table_1.{kind}' for kind in ('md', 'tex', 'csv', 'json', 'html')
    ]
    assert all('82.17' in path.read_text() for path in files if path.suffix != '.json')


def test_a_stand_in_is_no_reproduction(tmp_path: Path) -> None:
    """Every file says so, and no published figure stands beside its numbers."""
    plan = plan_table(table(), 'stand-in', range(3))
    results = collect_results(plan, records(plan))
    assert all(result.difference is None for result in results)
    for path in write_results(plan, results, tmp_path):
        text = path.read_text()
        assert path.name.startswith('stand_in_') and STAND_IN in text
        assert (
            '80.50' not in text and '± 0.50' not in text and 'published"' not in text.replace('"published": null', '')
        )
    assert STAND_IN in plain(plan, results)
