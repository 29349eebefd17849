"""Tables of a comparison: the numbers in them, what is bold, and several amounts of labels."""

import csv
import io

import numpy as np
import pytest

from cft.evaluation import compare_methods
from cft.experiments import RunRecord
from cft.visualization.comparison_table import comparison_table, learning_curve_table, numbers_table
from cft.visualization.tables import csv_text

METRIC = 'accuracy/top1'
NAMES = {'ce': 'CE', 'scl': 'SCL', 'coin': 'COIN'}


def compared(draws: int = 5, seconds: float = 8.0, **shifts: float):
    rng = np.random.default_rng(0)
    luck = rng.normal(90, 2, draws)
    records = [
        RunRecord(
            f'{key}-{draw}', 'f', 'c', labels={'method': key, 'draw': draw}, seconds=seconds, step_seconds=0.1,
            metrics={'test': {METRIC: luck[draw] + shift + rng.normal(0, 0.1), 'calibration/ece': 0.1 - shift / 100}},
        )
        for key, shift in shifts.items()
        for draw in range(draws)
    ]  # fmt: skip
    return compare_methods(records, {key: NAMES[key] for key in shifts}, 'ce', METRIC)


def bold(table) -> set[str]:
    return {f'{table.rows[row][0]} {table.columns[column]}' for row, column in table.bold}


def test_rows_have_the_rounded_numbers():
    comparison = compared(ce=0.0, scl=2.0)
    table = comparison_table(comparison)
    assert table.columns == [
        'method', 'accuracy (%)', 'minus CE (95 %)', 'p (Holm)', 'calibration error (ECE)', 'step x CE', 'time a run',
    ]  # fmt: skip
    ce, scl = (method.metrics[METRIC] for method in comparison.methods)
    found = scl.difference
    assert table.rows[0][:4] == ['CE', f'{ce.mean:.2f} ± {ce.std:.2f}', '-', '-']
    assert table.rows[1][2] == f'{found.mean:+.2f} ({found.low:+.2f} to {found.high:+.2f})'
    assert table.rows[1][5:] == ['1.00', '8.0 s']


def test_a_measure_has_its_difference_beside_it() -> None:
    """Where it is asked for; what is bold moves along."""
    comparison = compared(ce=0.0, scl=2.0)
    measure = 'calibration/ece'
    plain, table = comparison_table(comparison, [measure]), comparison_table(comparison, [measure], [measure])
    at = plain.columns.index('calibration error (ECE)')
    assert table.columns[: at + 1] == plain.columns[: at + 1]
    assert table.columns[at + 1 : at + 3] == ['minus CE (95 %)', 'p (Holm)']
    assert table.columns[at + 3 :] == plain.columns[at + 1 :]
    result = comparison.method('scl').metrics[measure]
    found = result.difference
    assert table.rows[1][at + 1].startswith(f'{found.mean:+.4f}') and table.rows[0][at + 1] == '-'
    assert float(table.rows[1][at + 2]) == pytest.approx(result.adjusted_p, rel=0.05)
    assert [row[:at] for row in table.rows] == [row[:at] for row in plain.rows] and table.bold == plain.bold


def test_best_is_bold_where_it_is_significant_alone():
    # Of calibration the differences are equal in all draws, which five draws do not make significant.
    assert bold(comparison_table(compared(ce=0.0, scl=2.0))) == {'SCL accuracy (%)'}
    assert bold(comparison_table(compared(ce=0.0, scl=0.01))) == set()
    assert bold(comparison_table(compared(ce=0.0, scl=-2.0, coin=-3.0))) == {'CE accuracy (%)'}
    # The baseline is best, but one cannot be told from it.
    assert bold(comparison_table(compared(ce=0.0, scl=-0.01, coin=-3.0))) == set()
    assert bold(comparison_table(compared(draws=2, ce=0.0, scl=9.0))) == set()


def test_one_draw_has_no_interval():
    row = comparison_table(compared(draws=1, ce=0.0, scl=2.0)).rows[1]
    assert '±' not in row[1] and '(' not in row[2] and row[3] == '-'


def test_amounts_of_labels_stand_side_by_side():
    few, many = compared(ce=0.0, scl=3.0), compared(ce=5.0, scl=5.01)
    table = learning_curve_table({'5': few, 'all': many})
    assert table.columns == ['method', '5 labels', 'all labels'] and bold(table) == {'SCL 5 labels'}
    assert table.rows[1][2].startswith(f'{many.methods[1].metrics[METRIC].mean:.2f}')


def test_a_program_reads_the_numbers_back():
    comparison = compared(ce=0.0, scl=3.0)
    lines = list(csv.DictReader(io.StringIO(csv_text(numbers_table({'all': comparison})))))
    scl = next(line for line in lines if line['method'] == 'SCL' and line['metric'] == METRIC)
    result = comparison.methods[1].metrics[METRIC]
    assert float(scl['mean']) == pytest.approx(result.mean) and float(scl['p_holm']) == pytest.approx(result.adjusted_p)
    assert [float(value) for value in scl['values'].split()] == pytest.approx(result.values)
    assert scl['verdict'] == 'above' and lines[0]['difference'] == ''
