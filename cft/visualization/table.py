"""The table of a comparison: for a terminal and for a Markdown page."""

import math
from collections.abc import Sequence

from cft.evaluation.paired import MethodSummary, baseline_of


def table_cells(summaries: Sequence[MethodSummary]) -> tuple[list[str], list[list[str]]]:
    """Header and rows as text; every table and the report show these cells.

    Args:
        summaries: From :func:`cft.evaluation.summarise`, the baseline among them.

    Returns:
        Five column titles, and five cells for each method.

    Raises:
        ValueError: If no summary is the baseline's.

    Example:
        >>> from cft.evaluation.paired import MethodSummary
        >>> table_cells([MethodSummary('ce', 'CE', 3, 91.0, 0.7, None, None, 0.312, 0, 1.0)])[1]
        [['CE', '91.0 ± 0.7', '-', '0.312', '1.00']]
    """
    base = baseline_of(summaries).name
    header = ['method', 'accuracy % (mean ± std)', f'minus {base} (mean ± s.e.)', 'W/T', f'time per step x {base}']
    return header, [_cells(summary) for summary in summaries]


def _cells(summary: MethodSummary) -> list[str]:
    difference = '-'
    if summary.difference is not None:
        mean, error = summary.interval
        # Adding 0.0 turns a rounded -0.0 into 0.0.
        difference = f'{round(mean, 2) + 0.0:+.2f} ± {_number(error, 2)}'
    return [
        summary.name,
        f'{summary.accuracy:.1f} ± {_number(summary.accuracy_std, 1)}',
        difference,
        _number(summary.tightness, 3),
        _number(summary.step_time_ratio, 2),
    ]


def _number(value: float, digits: int) -> str:
    return 'n/a' if math.isnan(value) else f'{value:.{digits}f}'


def format_table(summaries: Sequence[MethodSummary]) -> str:
    """Monospaced table for a terminal, numbers aligned at the right.

    Args:
        summaries: From :func:`cft.evaluation.summarise`, the baseline among them.

    Returns:
        Lines of equal width, without a newline at the end.

    Raises:
        ValueError: If no summary is the baseline's.

    Example:
        >>> ce = MethodSummary('ce', 'CE', 2, 93.9, 1.4, None, None, 0.259, 0, 1.0)
        >>> print(format_table([ce]))
        method | accuracy % (mean ± std) | minus CE (mean ± s.e.) |   W/T | time per step x CE
        -------+-------------------------+------------------------+-------+-------------------
        CE     |              93.9 ± 1.4 |                      - | 0.259 |               1.00
    """
    header, rows = table_cells(summaries)
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *numbers = zip(cells, widths, strict=True)
        return ' | '.join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in numbers)])

    return '\n'.join([line(header), '-+-'.join('-' * width for width in widths), *map(line, rows)])


def markdown_table(summaries: Sequence[MethodSummary]) -> str:
    """The same table in Markdown.

    Args:
        summaries: From :func:`cft.evaluation.summarise`, the baseline among them.

    Returns:
        Lines without a newline at the end.

    Raises:
        ValueError: If no summary is the baseline's.

    Example:
        >>> ce = MethodSummary('ce', 'CE', 2, 93.9, 1.4, None, None, 0.259, 0, 1.0)
        >>> print(markdown_table([ce]).splitlines()[2])
        | CE | 93.9 ± 1.4 | - | 0.259 | 1.00 |
    """
    header, rows = table_cells(summaries)
    lines = [[cell.replace('|', '\\|') for cell in cells] for cells in [header, *rows]]
    lines.insert(1, ['---'] + ['---:'] * (len(header) - 1))
    return '\n'.join(f'| {" | ".join(cells)} |' for cells in lines)
