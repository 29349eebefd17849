"""read_table: any spreadsheet's CSV, and what is wrong with it in one line."""

import csv
import io
import random
from pathlib import Path

import pytest

from cft.datasets.table_file import read_table
from cft.errors import DataError

KEYS = ('path', 'file')


def cells(path: Path) -> list[list[str]]:
    table = read_table(path, KEYS)
    return [table.columns, *(row.cells for row in table.rows)]


def write(folder: Path, text: str | bytes, name: str = 'labels.csv') -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


EXPECTED = [['path', 'label'], ['a.png', 'rose'], ['b.png', 'wild rose']]


@pytest.mark.parametrize('ending', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('mark', [b'', b'\xef\xbb\xbf'])
@pytest.mark.parametrize('sign', [',', ';', '\t'])
def test_dialects(tmp_path: Path, sign: str, mark: bytes, ending: str) -> None:
    text = ending.join(sign.join(row) for row in EXPECTED)
    for whole in (text, text + ending, ending + text + 2 * ending, text.replace('wild rose', '"wild rose"')):
        assert cells(write(tmp_path, mark + whole.encode())) == EXPECTED


def test_tab_separated_file_has_tabs_alone(tmp_path: Path) -> None:
    """Whatever else is in its header."""
    assert cells(write(tmp_path, 'path\ta,b;c\nx.png\t1\n', 'labels.TSV')) == [['path', 'a,b;c'], ['x.png', '1']]


def test_quotes_blanks_and_blank_rows(tmp_path: Path) -> None:
    text = 'path, label \n" a,1.png","say ""hi"""\n,\n  \n""," "\n"two\nlines.png",x\u2028y\n'
    table = read_table(write(tmp_path, text), KEYS)
    assert [row.cells for row in table.rows] == [['a,1.png', 'say "hi"'], ['two\nlines.png', 'x\u2028y']]
    assert [row.line for row in table.rows] == [2, 7]


def test_random_tables_come_back(tmp_path: Path) -> None:
    """As Python's own writer quotes them."""
    draw = random.Random(0)
    for trial in range(60):
        sign = draw.choice(',;\t')
        rows = [
            ['path', 'la;bel', 'x'],
            *([f'{i}.png', *(''.join(draw.choices('ab"\n,;|é', k=6)) + '.' for _ in 'xy')] for i in range(5)),
        ]
        stream = io.StringIO(newline='')
        csv.writer(stream, delimiter=sign, lineterminator=draw.choice(['\n', '\r\n'])).writerows(rows)
        found = cells(write(tmp_path, stream.getvalue(), f'{trial}.csv'))
        assert found == [[cell.strip() for cell in row] for row in rows]


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        (b'', 'is empty'),
        (b'\xef\xbb\xbf \n', 'is empty'),
        (b'a.png,rose\nb.png,lily\n', r"names no column path or file \(it is 'a.png,rose'\)"),
        (b'path,label\n', 'no row'),
        (b'path,label\na.png\n', 'line 2: 1 cells where the header has 2'),
        (b'path,label\na.png,b,c\n', 'line 2: 3 cells .*quote'),
        (b'path,label,Label\na.png,b,c\n', "column 'Label' more than once"),
        (b'path,label\na.png,"b\n', 'line 2: unexpected end of data; correct the quotes'),
        (b'path,label\na.png,"b"c\n', 'line 2: .*correct the quotes'),
        (b'path,label\n\xe9.png,b\n', r'no UTF-8 text \(byte 11\)'),
        ('path,label\na.png,b\n'.encode('utf-16'), 'no UTF-8 text'),
        (b'path,label\na.png,\x00\n', 'is no text'),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told) as caught:
        read_table(write(tmp_path, content), KEYS)
    assert str(tmp_path / 'labels.csv') in str(caught.value) and '\n' not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='nowhere.csv cannot be read: No such file'):
        read_table(tmp_path / 'nowhere.csv', KEYS)
