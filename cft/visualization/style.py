"""The look that all figures share: colours, sizes, quiet axes."""

from collections.abc import Sequence
from itertools import cycle
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cft.evaluation.paired import MethodSummary, baseline_of

INK = '#1f2933'
QUIET = '#52606d'
GRID = '#e4e7eb'

# Okabe and Ito's palette, told apart with every kind of colour vision; its yellow is too pale on white.
_METHODS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
_BASELINE = '#52606d'
_SCRATCH = '#9fb3c8'

# Paul Tol's muted palette and its grey: ten classes.
CLASS_COLORS = (
    '#332288', '#88CCEE', '#44AA99', '#117733', '#999933', '#DDCC77', '#CC6677', '#882255', '#AA4499', '#9AA0A6',
)  # fmt: skip


def method_colors(summaries: Sequence[MethodSummary]) -> dict[str, str]:
    """One colour per method key, the same in every figure: greys for the baseline and its twin from scratch.

    Example:
        >>> ce = MethodSummary('ce', 'CE', 2, 93.9, 1.4, None, None, 0.259, 0, 1.0)
        >>> method_colors([ce])
        {'ce': '#52606d'}
    """
    colors = cycle(_METHODS)
    base = baseline_of(summaries).key
    fixed = {base: _BASELINE, f'{base}_scratch': _SCRATCH}
    return {summary.key: fixed.get(summary.key) or next(colors) for summary in summaries}


def new_figure(width: float, height: float) -> Figure:
    """A white figure of ``width`` x ``height`` inches, apart from pyplot and its global state."""
    return Figure(figsize=(width, height), dpi=160, facecolor='white', layout='constrained')


def quiet_axes(axes: Axes, grid: Literal['x', 'y']) -> None:
    """Leave the left and lower spine, small grey ticks, and a pale grid along ``grid`` ('x' or 'y')."""
    axes.set_facecolor('white')
    axes.spines[['top', 'right']].set_visible(False)
    axes.spines[['left', 'bottom']].set_color(QUIET)
    axes.tick_params(colors=QUIET, labelsize=9.5, length=3)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=INK, fontsize=10.5)
