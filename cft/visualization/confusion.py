"""Which classes are taken for which: the confusion matrix and its largest mistakes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from .blocks import Panel
from .style import ACCENT, INK, PAPER, QUIET, literal, new_figure
from .tables import Table

WITH_NUMBERS = 12  # classes up to which a number fits into a cell
LARGEST = 9999  # number that fits into a cell
WITH_NAMES = 30
MOST_CELLS = 3000
_LONGEST = 14  # letters of a class along an axis


def confusion_panel(matrix: np.ndarray, classes: Sequence[str]) -> Panel:
    """The matrix as a figure.

    Args:
        matrix: (C, C) counts, true classes in rows, predicted ones in columns.
        classes: C names.

    Returns:
        A panel; its table has the whole matrix of up to 12 classes, the largest mistakes of more.

    Raises:
        ValueError: If the shape is not (C, C).

    Example:
        >>> panel = confusion_panel(np.array([[8, 2], [0, 10]]), ['cat', 'dog'])
        >>> panel.table.rows
        [['cat', '8', '2'], ['dog', '0', '10']]
    """
    count = len(classes)
    if matrix.shape != (count, count):
        raise ValueError(f'{count} classes need a matrix of ({count}, {count}), got {matrix.shape}')
    part = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = new_figure(height=4.1)
    axes = figure.subplots()
    places = np.argwhere(matrix > 0)
    places = places[np.argsort(-part[tuple(places.T)], kind='stable')][:MOST_CELLS]
    cells = [Rectangle((column - 0.5, row - 0.5), 1, 1) for row, column in places]
    axes.add_collection(
        PatchCollection(cells, facecolor=ACCENT, edgecolor='none', alpha=0.1 + 0.9 * part[tuple(places.T)])
    )
    in_per_cent = matrix.max(initial=0) > LARGEST
    if count <= WITH_NUMBERS:
        for row, column in places:
            color = PAPER if part[row, column] > 0.5 else INK
            shown = f'{100 * part[row, column]:.0f} %' if in_per_cent else f'{matrix[row, column]:g}'
            axes.text(column, row, shown, ha='center', va='center', color=color, fontsize=8.5)
    axes.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), xlabel='predicted', ylabel='true', facecolor='none')
    axes.set_aspect('equal')
    names = [literal(_short(name)) for name in classes] if count <= WITH_NAMES else []
    turned = any(len(name) > 3 for name in names)
    axes.set_xticks(range(len(names)), names, rotation=60 if turned else 0, ha='right' if turned else 'center',
                    rotation_mode='anchor' if turned else 'default')  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(colors=INK, labelsize=8.5 if count <= WITH_NUMBERS else 7, length=0)
    axes.spines[:].set(color=QUIET, linewidth=0.6)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, fontsize=9)
    right, total = int(np.trace(matrix)), int(matrix.sum())
    if count <= WITH_NUMBERS:
        rows = [[name, *(f'{value:g}' for value in row)] for name, row in zip(classes, matrix, strict=True)]
        table = Table(['true \\ predicted', *classes], rows, caption='Images of each true and predicted class')
    else:
        table = mistakes_table(matrix, classes)
    return Panel(
        'confusion', 'Confusion matrix',
        'Rows are true classes, columns predicted ones; the colour is the part of the row'
        + (', and so are the numbers.' if in_per_cent else '.'),
        f'Confusion matrix of {count} classes: {right} of {total} on the diagonal.', figure, table,
    )  # fmt: skip


def mistakes_table(matrix: np.ndarray, classes: Sequence[str], most: int = 15) -> Table:
    """The pairs of classes that are confused most often.

    Example:
        >>> mistakes_table(np.array([[8, 2], [0, 10]]), ['cat', 'dog']).rows
        [['cat', 'dog', '2', '20.0 %']]
    """
    wrong = np.array(matrix, dtype=float)
    np.fill_diagonal(wrong, 0)
    places = [divmod(int(at), len(classes)) for at in np.argsort(-wrong, axis=None, kind='stable')[:most]]
    rows = [
        [classes[row], classes[column], f'{wrong[row, column]:g}',
         f'{100 * wrong[row, column] / matrix[row].sum():.1f} %']
        for row, column in places if wrong[row, column]
    ]  # fmt: skip
    return Table(['true', 'predicted as', 'images', 'of its class'], rows, caption='The most frequent mistakes')


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f'{name[: _LONGEST - 1]}…'
