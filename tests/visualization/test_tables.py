"""One table in four forms, each read back."""

import csv
import io
import re

import pytest

from cft.visualization.tables import Table, csv_text, latex, markdown, text

CELLS = [['a|b', '1.0 ± 0.2', '< 0.001'], ['50 % & more_of #1', '**', '`x` <b>'], ['\\frac{1}{2}~^', '$5', '-3']]
TABLE = Table(['name', 'value', 'p'], CELLS, bold={(0, 1)})


def test_csv_reads_back_and_no_cell_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(Table(['a', 'b'], [*[row[:2] for row in CELLS], ['=1+1', '@x']])))))
    assert rows[1:4] == [row[:2] for row in CELLS]
    assert rows[4] == ["'=1+1", "'@x"]
    assert csv_text(Table(['a'], [['-0.5']])).splitlines()[1] == '-0.5'


def test_markdown_has_as_many_cells_in_every_line_and_stresses_the_best() -> None:
    lines = markdown(TABLE).splitlines()
    for line in lines:
        assert len(re.findall(r'(?<!\\)\|', line)) == 4
    assert '**1.0 ± 0.2**' in lines[2] and markdown(TABLE).count('**1') == 1
    unescaped = re.sub(r'\\(.)', r'\1', lines[3]).split(' | ')
    assert unescaped[0] == '| 50 % & more_of #1'


def test_latex_escapes_what_it_would_take_for_a_command() -> None:
    body = latex(TABLE).split('\\midrule\n')[1].split('\\bottomrule')[0]
    rows = body.strip().splitlines()
    assert all(len(re.findall(r'(?<!\\)&', row)) == 2 and row.endswith(' \\\\') for row in rows)
    assert rows[0].count('\\textbf{') == 1 and '\\textbf{1.0 $\\pm$ 0.2}' in rows[0]
    for row in rows:
        without = re.sub(r'\\[&%$#_{}]|\\text\w+(\{\})?|\$(\\pm|-|<|>)\$', '', row.removesuffix(' \\\\'))
        assert not re.search(r'[%$#_~^\\]', without)


def test_lines_of_the_terminal_are_equally_long() -> None:
    lines = text(TABLE).splitlines()
    assert len({len(line) for line in lines}) == 1 and len(lines) == 5


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match='2 columns, but a row has 1'):
        Table(['a', 'b'], [['x']])
