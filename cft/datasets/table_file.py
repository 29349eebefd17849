"""A CSV or TSV file as rows of text, each with its line in the file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cft.errors import DataError

SUFFIXES = ('.csv', '.tsv')
# A row of these alone is blank.
BLANK = ' ,;\t\r\n"'
SEPARATORS = {',': 'comma', ';': 'semicolon', '\t': 'tab'}


class Row(NamedTuple):
    """Cells of a row, and the line of the file in which it ends."""

    line: int
    cells: list[str]


class Table(NamedTuple):
    """What a file holds.

    Attributes:
        columns: Names in the header, as they are written.
        rows: Those with anything in them, each with one cell for each column.
        separator: What stands between cells.
    """

    columns: list[str]
    rows: list[Row]
    separator: str


def is_table(path: str | Path) -> bool:
    """Whether a path names a CSV or TSV file.

    Example:
        >>> is_table('flowers/labels.CSV'), is_table('flowers')
        (True, False)
    """
    return Path(path).suffix.lower() in SUFFIXES


def read_table(path: str | Path, key_columns: Sequence[str]) -> Table:
    """Read a CSV or TSV file with a header.

    A ``.tsv`` file has tabs; in others the header tells whether commas,
    semicolons or tabs part the cells: whichever gives more columns, one of
    them a key column. Text is UTF-8, with a byte-order mark or without. Cells
    may be quoted, as spreadsheets do it; blanks around them do not count, and
    neither do rows without anything in them.

    Args:
        path: Of the file.
        key_columns: Names in small letters, of which the header has at least one.

    Raises:
        DataError: If the file cannot be read, is no UTF-8 text, is empty, has
            no such header, names a column twice, or a row has more or fewer cells.

    Example:
        >>> read_table('labels.csv', ['path']).columns  # doctest: +SKIP
        ['path', 'label']
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode('utf-8-sig')
    except OSError as error:
        raise DataError(f'{path} cannot be read: {error.strerror}; check the path and its permissions') from error
    except UnicodeDecodeError as error:
        raise DataError(f'{path} is no UTF-8 text (byte {error.start}); save it as CSV in UTF-8') from error
    if '\0' in text:
        raise DataError(f'{path} is no text: it holds zero bytes; save it as CSV in UTF-8')
    if not text.strip():
        raise DataError(f'{path} is empty; its first row names the columns, such as path,label')
    signs = ['\t'] if path.suffix.lower() == '.tsv' else list(SEPARATORS)
    first = next((line for line in text.splitlines() if line.strip(BLANK)), text[:80])
    headers = {sign: _cells(first, sign) for sign in signs}
    fitting = [sign for sign, cells in headers.items() if {cell.lower() for cell in cells} & set(key_columns)]
    if not fitting:
        raise DataError(
            f'{path}: the first row names no column {" or ".join(key_columns)} (it is {first[:80]!r}); give the file a '
            'header such as path,label'
        )
    separator = max(fitting, key=lambda sign: len(headers[sign]))
    header, *rows = _rows(path, text, separator)
    named = [cell for cell in header.cells if cell]
    repeated = sorted({cell for cell in named if [other.lower() for other in named].count(cell.lower()) > 1})
    if repeated:
        raise DataError(f'{path} names the column {repeated[0]!r} more than once; rename or remove one')
    for row in rows:
        if len(row.cells) != len(header.cells):
            raise DataError(
                f'{path}, line {row.line}: {len(row.cells)} cells where the header has {len(header.cells)}; correct '
                f'the row, or quote a cell that holds a {SEPARATORS[separator]}'
            )
    if not rows:
        raise DataError(f'{path} has a header and no row; add one for each image')
    return Table(header.cells, rows, separator)


def _cells(line: str, separator: str) -> list[str]:
    """Of one row; none if it is not written with this separator."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, strict=True), [])]
    except csv.Error:
        return []


def _rows(path: Path, text: str, separator: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=separator, skipinitialspace=True, strict=True)
    rows = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append(Row(reader.line_num, stripped))
    except csv.Error as error:
        raise DataError(f'{path}, line {reader.line_num}: {error}; correct the quotes of this row') from error
    return rows
