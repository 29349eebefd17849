"""A table of text cells, and its forms: Markdown, LaTeX, CSV, a terminal, HTML by the templates."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

_LATEX = {
    '\\': r'\textbackslash{}', '&': r'\&', '%': r'\%', '$': r'\$', '#': r'\#', '_': r'\_', '{': r'\{', '}': r'\}',
    '~': r'\textasciitilde{}', '^': r'\textasciicircum{}', '±': r'$\pm$', '\N{MINUS SIGN}': r'$-$', '<': r'\textless{}',
    '>': r'\textgreater{}',
}  # fmt: skip


PHONE = 42  # letters in the width of a phone
MATRIX = 4  # letters of a count


@dataclass(frozen=True)
class Table:
    """Rows of text; the first cell of a row names it.

    Attributes:
        columns: Titles.
        rows: As many cells each.
        bold: Places (row, column) of cells to stress.
        caption: What the rows are.

    Raises:
        ValueError: If a row has another number of cells.

    Example:
        >>> print(markdown(Table(['method', 'accuracy'], [['CE', '93.9'], ['SCL', '95.0']], bold={(1, 1)})))
        | method | accuracy |
        | --- | ---: |
        | CE | 93.9 |
        | SCL | **95.0** |
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: set[tuple[int, int]] = field(default_factory=set)
    caption: str = ''

    @property
    def broad(self) -> bool:
        """Whether a phone shows each row as a list: its columns have no room, and say more than a matrix does."""
        widths = [
            max(map(len, [*(title.split() or ['']), *cells]))
            for title, *cells in zip(self.columns, *self.rows, strict=True)
        ]
        matrix = max((len(cell) for row in self.rows for cell in row[1:]), default=0) <= MATRIX
        return sum(widths) + 2 * len(widths) > PHONE and not matrix

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f'{len(self.columns)} columns, but a row has {len(row)} cells: {list(row)}')


def markdown(table: Table) -> str:
    """Lines of Markdown, without a newline at the end."""
    lines = [[_markdown(cell) for cell in table.columns], ['---'] + ['---:'] * (len(table.columns) - 1)]
    for number, row in enumerate(table.rows):
        cells = [_markdown(cell) for cell in row]
        lines.append([f'**{cell}**' if (number, at) in table.bold else cell for at, cell in enumerate(cells)])
    return '\n'.join(f'| {" | ".join(cells)} |' for cells in lines)


def latex(table: Table) -> str:
    r"""A ``tabular`` with the rules of the package booktabs, without a newline at the end.

    Example:
        >>> print(latex(Table(['method', 'accuracy %'], [['CE', '93.9 ± 0.2']])))
        \begin{tabular}{lr}
        \toprule
        method & accuracy \% \\
        \midrule
        CE & 93.9 $\pm$ 0.2 \\
        \bottomrule
        \end{tabular}
    """
    rows = [
        [f'\\textbf{{{_latex(cell)}}}' if (number, at) in table.bold else _latex(cell) for at, cell in enumerate(row)]
        for number, row in enumerate(table.rows)
    ]
    lines = [' & '.join(cells) + r' \\' for cells in [[_latex(cell) for cell in table.columns], *rows]]
    begin = f'\\begin{{tabular}}{{l{"r" * (len(table.columns) - 1)}}}'
    return '\n'.join([begin, r'\toprule', lines[0], r'\midrule', *lines[1:], r'\bottomrule', r'\end{tabular}'])


def csv_text(table: Table) -> str:
    r"""Comma-separated values, as spreadsheets read them; cells that one would take for a formula begin with a quote.

    Example:
        >>> csv_text(Table(['class', 'recall'], [['a, b', '0.5'], ['=1+1', '-0.5']]))
        'class,recall\n"a, b",0.5\n\'=1+1,-0.5\n'
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator='\n')
    writer.writerow([_inert(cell) for cell in table.columns])
    writer.writerows([_inert(cell) for cell in row] for row in table.rows)
    return stream.getvalue()


def text(table: Table) -> str:
    """Monospaced lines for a terminal, numbers aligned at the right, without a newline at the end.

    Example:
        >>> print(text(Table(['method', 'accuracy'], [['CE', '93.9']])))
        method | accuracy
        -------+---------
        CE     |     93.9
    """
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return ' | '.join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])

    return '\n'.join([line(table.columns), '-+-'.join('-' * width for width in widths), *map(line, table.rows)])


def _markdown(cell: str) -> str:
    for char in '\\`*_[]<>|':
        cell = cell.replace(char, f'\\{char}')
    return ' '.join(cell.split('\n'))


def _latex(cell: str) -> str:
    return ''.join(_LATEX.get(char, char) for char in cell)


def _inert(cell: str) -> str:
    if not cell.startswith(('=', '+', '-', '@', '\t', '\r')):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
