"""Tables: the cells, their alignment, and Markdown."""

import math

import pytest

from cft.evaluation.paired import MethodSummary
from cft.visualization import format_table, markdown_table, table_cells

CE = MethodSummary('ce', 'CE', 10, 93.94, 1.41, None, None, 0.2591, 0, 1.0)
SCL = MethodSummary('scl', 'SCL', 10, 94.96, 1.22, 1.004, 0.331, 0.1372, 10, 1.023)


def test_cells_hold_rounded_numbers():
    header, rows = table_cells([CE, SCL])
    assert header == [
        'method', 'accuracy % (mean ± std)', 'minus CE (mean ± s.e.)', 'W/T', 'time per step x CE',
    ]  # fmt: skip
    assert rows == [
        ['CE', '93.9 ± 1.4', '-', '0.259', '1.00'],
        ['SCL', '95.0 ± 1.2', '+1.00 ± 0.33', '0.137', '1.02'],
    ]


def test_terminal_lines_are_aligned():
    lines = format_table([CE, SCL]).split('\n')
    assert len({len(line) for line in lines}) == 1
    columns = [index for index, character in enumerate(lines[0]) if character == '|']
    assert all(lines[1][index] == '+' for index in columns)
    assert all(line[index] == '|' for line in lines[2:] for index in columns)


def test_long_names_widen_the_column():
    name = 'a method with a rather long name'
    assert format_table([CE, MethodSummary('x', name, 10, 9.0, 1.0, -80.0, 1.0, 0.1, 0, 1.0)]).count(name) == 1


def test_one_draw_shows_that_there_is_no_spread():
    single = MethodSummary('scl', 'SCL', 1, 94.0, math.nan, 0.6, math.nan, 0.1, 1, 1.0)
    assert table_cells([CE, single])[1][1][1:3] == ['94.0 ± n/a', '+0.60 ± n/a']


def test_no_negative_zero():
    almost = MethodSummary('scl', 'SCL', 10, 94.0, 1.0, -0.001, 0.3, 0.1, 1, 1.0)
    assert table_cells([CE, almost])[1][1][2] == '+0.00 ± 0.30'


def test_markdown_has_as_many_cells_in_every_line_and_escapes_bars():
    piped = MethodSummary('x', 'a|b', 10, 94.0, 1.0, 0.1, 0.3, 0.1, 1, 1.0)
    lines = markdown_table([CE, piped]).split('\n')
    assert lines[1] == '| --- | ---: | ---: | ---: | ---: |'
    assert lines[3].startswith('| a\\|b | 94.0 ± 1.0 |')
    assert {line.replace('\\|', '').count('|') for line in lines} == {6}


def test_needs_the_baseline():
    with pytest.raises(ValueError, match='baseline'):
        format_table([SCL])
