"""How many images of each class there are."""

from collections.abc import Mapping, Sequence

import numpy as np

from .blocks import Panel
from .style import LINES, SERIES, legend_above, literal, new_figure, quiet_axes
from .tables import Table

WITH_NAMES = 25
MOST_ROWS = 200
_LONGEST = 16


def class_counts_panel(counts: Mapping[str, Sequence[int]], classes: Sequence[str]) -> Panel:
    """Bars of up to 25 classes, a sorted line of more.

    Args:
        counts: By split, C numbers of images (of objects, in detection).
        classes: C names.

    Example:
        >>> class_counts_panel({'train': [5, 9], 'test': [2, 2]}, ['cat', 'dog']).table.rows
        [['cat', '5', '2'], ['dog', '9', '2']]
    """
    count = len(classes)
    named = count <= WITH_NAMES
    figure = new_figure(height=1.0 + 0.24 * max(count, 4) if named else 2.9)
    axes = figure.subplots()
    height = 0.8 / len(counts)
    for number, (split, values) in enumerate(counts.items()):
        color = SERIES[number % len(SERIES)]
        if named:
            axes.barh(np.arange(count) - 0.4 + (number + 0.5) * height, values, height, color=color, label=split)
        else:
            line = LINES[number % len(LINES)]
            axes.step(range(count), sorted(values, reverse=True), color=color, linestyle=line, label=split)
    if named:
        axes.set_yticks(range(count), [literal(name if len(name) <= _LONGEST else f'{name[:_LONGEST]}…')
                                       for name in classes])  # fmt: skip
        axes.set_ylim(count - 0.4, -0.6)
        axes.set(xlabel='number')
    else:
        axes.set(xlabel='classes, the most frequent first', ylabel='number')
    quiet_axes(axes, grid='x' if named else 'y')
    if len(counts) > 1:
        legend_above(figure, axes)
    rows = [[name, *(str(values[at]) for values in counts.values())] for at, name in enumerate(classes)]
    left_out = f'; the first {MOST_ROWS} of {count}' if count > MOST_ROWS else ''
    table = Table(['class', *counts], rows[:MOST_ROWS], caption=f'Number of each class{left_out}')
    told = [f'{split}: {min(values, default=0)} to {max(values, default=0)}' for split, values in counts.items()]
    return Panel(
        'class-counts', 'Classes', '', f'Number of each of {count} classes. {"; ".join(told)}.', figure, table
    )  # fmt: skip
