"""Figures of several methods: every result, and the paired differences to the baseline."""

import numpy as np
from matplotlib.axes import Axes

from cft.evaluation.comparison import Comparison

from .blocks import Panel
from .metric_names import as_title, digits, shown_name, shown_value
from .style import INK, literal, new_figure, quiet_axes, series_colors
from .tables import Table

MINUS = '\N{MINUS SIGN}'


def results_panel(comparison: Comparison, metric: str | None = None) -> Panel:
    """A dot for each draw, and the mean, of each method.

    Example:
        >>> results_panel(comparison).figure.savefig('results.svg')  # doctest: +SKIP
    """
    metric = metric or comparison.metric
    colors = series_colors([method.key for method in comparison.methods], comparison.baseline)
    figure = new_figure(height=0.75 + 0.46 * max(len(comparison.methods), 2))
    axes = figure.subplots()
    rows = []
    for row, method in enumerate(comparison.methods):
        result = method.metrics[metric]
        color = colors[method.key]
        shift = np.linspace(-0.16, 0.16, len(result.values)) if len(result.values) > 1 else np.zeros(1)
        axes.scatter(result.values, row + 0.1 + shift, s=11, color=color, alpha=0.55, linewidths=0)
        axes.plot([result.mean] * 2, [row - 0.14, row + 0.34], color=color, linewidth=2.6, solid_capstyle='round')
        _name_above(axes, method.name, row)
        rows.append([method.name, shown_value(metric, result.mean), shown_value(metric, result.std)])
    _rows(axes, len(rows), shown_name(metric))
    table = Table(['method', 'mean', 'std'], rows, caption=f'{shown_name(metric)} of each method')
    return Panel(
        f'results-{_slug(metric)}', as_title(shown_name(metric)),
        f'Dots: one {comparison.paired_by} each, in the same order for every method. Line: their mean.',
        f'{shown_name(metric)}: ' + '; '.join(f'{name} {mean}' for name, mean, _ in rows) + '.', figure, table,
    )  # fmt: skip


def differences_panel(comparison: Comparison, metric: str | None = None) -> Panel:
    """The paired difference of each method to the baseline, with its 95 % interval.

    Raises:
        ValueError: If there is no other method than the baseline.

    Example:
        >>> differences_panel(comparison).figure.savefig('differences.svg')  # doctest: +SKIP
    """
    metric = metric or comparison.metric
    base = comparison.method(comparison.baseline)
    others = [method for method in comparison.methods if method is not base]
    if not others:
        raise ValueError('a difference needs a second method')
    colors = series_colors([method.key for method in comparison.methods], comparison.baseline)
    figure = new_figure(height=0.75 + 0.46 * max(len(others), 2))
    axes = figure.subplots()
    axes.axvline(0, color=INK, linewidth=1)
    rows = []
    for row, method in enumerate(others):
        result = method.metrics[metric]
        found, color = result.difference, colors[method.key]
        assert found is not None and result.adjusted_p is not None, 'only the baseline has no difference'
        draws = np.subtract(result.values, base.metrics[metric].values)
        axes.scatter(draws, np.full(len(draws), row + 0.26), s=9, color=color, alpha=0.5, linewidths=0)
        if np.isfinite(found.low):
            axes.plot([found.low, found.high], [row, row], color=color, linewidth=2)
        axes.scatter([found.mean], [row], s=42, color=color, zorder=3)
        _name_above(axes, method.name, row)
        interval = f'{_signed(metric, found.low)} to {_signed(metric, found.high)}'
        rows.append([
            method.name, _signed(metric, found.mean), interval if np.isfinite(found.low) else 'n/a',
            shown_p(found.p), shown_p(result.adjusted_p), result.verdict,
        ])  # fmt: skip
    _rows(axes, len(rows), f'difference of {shown_name(metric)}')
    columns = ['method', f'minus {base.name}', '95 % interval', 'p', 'p (Holm)', 'verdict']
    table = Table(columns, rows, caption=f'{shown_name(metric)}: paired differences to {base.name}')
    return Panel(
        f'differences-{_slug(metric)}', f'{as_title(shown_name(metric))} minus {base.name}',
        f'Small dots: one {comparison.paired_by} each. Large dot: their mean, with its 95 % interval. '
        'An interval that holds 0 is a method that cannot be told from the baseline.',
        f'Paired differences of {shown_name(metric)} to {base.name}: '
        + '; '.join(f'{row[0]} {row[1]} ({row[2]})' for row in rows) + '.', figure, table,
    )  # fmt: skip


def pairs_table(comparison: Comparison) -> Table:
    """Every two methods on the main metric, with Holm's correction for all of them."""
    rows = [
        [
            f'{comparison.method(pair.first).name} minus {comparison.method(pair.second).name}',
            _signed(comparison.metric, pair.difference.mean),
            'n/a' if pair.difference.low != pair.difference.low else
            f'{_signed(comparison.metric, pair.difference.low)} to {_signed(comparison.metric, pair.difference.high)}',
            shown_p(pair.difference.p), shown_p(pair.adjusted_p), pair.verdict,
        ]
        for pair in comparison.pairs
    ]  # fmt: skip
    caption = f'Every two methods, {shown_name(comparison.metric)}'
    return Table(
        ['pair', 'difference', '95 % interval', 'p', 'p (Holm)', 'verdict of the first'], rows, caption=caption
    )


def shown_p(p: float) -> str:
    """A p-value in two digits.

    Example:
        >>> shown_p(0.0314), shown_p(2e-9), shown_p(float('nan'))
        ('0.031', '< 0.0001', 'n/a')
    """
    if p != p:
        return 'n/a'
    return '< 0.0001' if p < 1e-4 else f'{p:.2g}' if p < 0.1 else f'{p:.2f}'


def _signed(metric: str, value: float) -> str:
    # One digit more than the value itself has; adding 0.0 turns a rounded -0.0 into 0.0.
    places = 2 if digits(metric, value) == 1 or '(%)' in shown_name(metric) else 3
    return f'{round(value, places) + 0.0:+.{places}f}'.replace('-', MINUS)


def _name_above(axes: Axes, name: str, row: int) -> None:
    axes.annotate(
        literal(name), (0, row - 0.26), xycoords=axes.get_yaxis_transform(), va='bottom', color=INK, fontsize=8.5,
        fontweight='bold',
    )  # fmt: skip


def _rows(axes: Axes, count: int, label: str) -> None:
    axes.set_ylim(count - 0.5, -0.7)
    axes.set_yticks([])
    axes.set_xlabel(label)
    quiet_axes(axes, grid='x')
    axes.spines['left'].set_visible(False)


def _slug(metric: str) -> str:
    return ''.join(char if char.isalnum() else '-' for char in metric).lower()
