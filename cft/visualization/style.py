"""The look that all figures and pages share: colours in light and dark, sizes, quiet axes."""

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# What figures are drawn with, and what a page shows instead on a dark screen.
INK, QUIET, GRID, PAPER = '#1f2933', '#52606d', '#e4e7eb', '#ffffff'
ACCENT, WARM = '#0072b2', '#d55e00'
# Okabe and Ito's palette, told apart with every kind of colour vision; its yellow is too pale on white.
SERIES = (ACCENT, WARM, '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
BASELINE, SCRATCH = '#616e7c', '#9fb3c8'
# Paul Tol's muted palette and its grey: ten classes.
CLASS_COLORS = (
    '#332288', '#88ccee', '#44aa99', '#117733', '#999933', '#ddcc77', '#cc6677', '#882255', '#aa4499', '#9aa0a6',
)  # fmt: skip
DARK = {
    INK: '#e6eaee', QUIET: '#a3b0bd', GRID: '#333d47', PAPER: '#14191f',
    ACCENT: '#4aa8e0', WARM: '#f08540', '#009e73': '#2fc79a', '#cc79a7': '#e29cc5', '#e69f00': '#f2b530',
    '#56b4e9': '#93d3f7', BASELINE: '#aab6c2', SCRATCH: '#6f8296',
    '#332288': '#9a8ff5', '#117733': '#43b56a', '#999933': '#b9b950', '#882255': '#d0659e', '#aa4499': '#d07cc2',
}  # fmt: skip
# One dash pattern more than there are colours, so that no two of 30 series look the same.
LINES = ('-', '--', '-.', ':', (0, (6, 1, 1, 1, 1, 1)))
WIDTH, HEIGHT = 4.4, 2.9  # inches: readable on a phone, where a page shows one figure beside no other


def series_colors(names: Sequence[str], baseline: str | None = None) -> dict[str, str]:
    """One colour for each name (or key), the same in every figure; greys for the baseline and its twin from scratch.

    Example:
        >>> series_colors(['ce', 'scl', 'coin'], baseline='ce')
        {'ce': '#616e7c', 'scl': '#0072b2', 'coin': '#d55e00'}
    """
    colors = cycle(SERIES)
    fixed: dict[str, str] = {}
    if baseline is not None:
        fixed = {baseline: BASELINE, f'{baseline}@scratch': SCRATCH, f'{baseline} from scratch': SCRATCH}
    return {name: fixed.get(name) or next(colors) for name in names}


def literal(text: object) -> str:
    r"""Text that matplotlib shows as it is: no mathematics between dollars, no legend entry left out.

    Example:
        >>> literal('$x$'), literal('_a')
        ('\\$x\\$', ' _a')
    """
    shown = ''.join(char if char.isprintable() else ' ' for char in str(text)).replace('$', '\\$')
    return f' {shown}' if shown.startswith('_') else shown


def new_figure(width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """A figure of ``width`` x ``height`` inches, apart from pyplot and its global state."""
    return Figure(figsize=(width, height), dpi=160, facecolor=PAPER, layout='constrained')


@contextlib.contextmanager
def any_letters() -> Iterator[None]:
    """Draw without a word of letters that matplotlib's own font lacks: a viewer of SVG has them."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Glyph .* missing from')
        yield


def quiet_axes(axes: Axes, grid: Literal['x', 'y', 'both']) -> None:
    """Leave the left and lower spine, small grey ticks, and a pale grid along ``grid``."""
    axes.set_facecolor('none')
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=8.5, length=3)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, fontsize=9)


def whole_numbers(axes: Axes) -> None:
    """Ticks of steps and trials, which have no halves."""
    axes.xaxis.set_major_locator(MaxNLocator('auto', integer=True, steps=[1, 2, 5, 10]))


def legend_above(figure: Figure, axes: Axes) -> None:
    """The names of the lines, above the axes in as many rows as they need."""
    handles, names = axes.get_legend_handles_labels()
    if not names:
        return
    # Points that the entries take and have, at 8.5 points a letter's half.
    rows = -(-sum(34 + 5.2 * len(name) for name in names) // (figure.get_figwidth() * 72 - 10))
    columns = max(1, -(-len(names) // int(rows)))
    figure.legend(
        handles, names, loc='outside upper left', ncols=columns, frameon=False, fontsize=8.5, labelcolor=INK,
        handlelength=2.2, columnspacing=1.2,
    )  # fmt: skip
