"""An evaluation as text for a terminal."""

from collections.abc import Sequence

from .embedding_measures import KNOWN_MEASURES
from .result import Evaluation

ROWS = 30
# A wider confusion matrix is read in the file.
COLUMNS = 13


def told(evaluation: Evaluation) -> str:
    """Metrics with what they mean, tables as far as they fit, and notes.

    Example:
        >>> print(told(Evaluation('classification', 'test', {'accuracy/top1': 91.25}, images=80)))
        classification, 80 test images
        <BLANKLINE>
        accuracy/top1  91.25  accuracy of the classifier, per cent
    """
    parts = [f'{evaluation.task}, {evaluation.images} {evaluation.split} images']
    if evaluation.checkpoint:
        parts[0] += f', {evaluation.checkpoint}'
    if evaluation.metrics:
        parts.append(_aligned([[name, _number(value), _meaning(name)] for name, value in evaluation.metrics.items()]))
    for name, table in evaluation.tables.items():
        if len(table['columns']) > COLUMNS or not table['rows']:
            continue
        shown = [[_number(value) for value in row] for row in table['rows'][:ROWS]]
        more = len(table['rows']) - len(shown)
        parts.append(
            f'{name.replace("_", " ")}\n{_aligned([table["columns"], *shown])}'
            + (f'\n... and {more} more rows in the file' if more else '')
        )
    if evaluation.notes:
        parts.append('\n'.join(f'note: {note}' for note in evaluation.notes))
    return '\n\n'.join(parts)


def _meaning(name: str) -> str:
    measure = KNOWN_MEASURES.get(name)
    return '' if measure is None else measure.text + (', per cent' if measure.percent else '')


def _number(value: object) -> str:
    if value is None:
        return '-'
    return f'{value:.4g}' if isinstance(value, float) else str(value)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns of text side by side; those of numbers, as their last cell tells, end at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(_is_number(cell) for cell in column[1:] or column) for column in zip(*rows, strict=True)]
    lines = [
        '  '.join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]
    return '\n'.join(lines)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell == '-'
    return True
