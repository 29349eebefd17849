"""Learning curves: losses and validation results over the steps, with the switches of stages."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .blocks import Panel
from .metric_names import in_order, shown_name, shown_value
from .style import INK, LINES, QUIET, legend_above, literal, new_figure, quiet_axes, series_colors, whole_numbers
from .tables import Table

MOST_LINES = 8
_NOTHING = ('step', 'lr', 'time', 'data_time', 'memory', 'momentum', 'epoch', 'iter')
Curve = Mapping[str, list]


def curve_panels(
    curves: Mapping[str, Sequence[Mapping[str, Curve]]], stages: Sequence[int] = (), baseline: str | None = None
) -> list[Panel]:
    """Panels of everything that was recorded during the training.

    Args:
        curves: By the name of the method, ``RunRecord.curves`` of its runs.
            One name gives a panel of all losses and one of the metrics of each
            kind; several names give a panel for each loss and metric, whose
            lines are the means over the runs.
        stages: Steps at which a stage begins, without the first.
        baseline: The method drawn in grey.

    Returns:
        Panels, validation first; none where nothing was recorded.

    Example:
        >>> curves = {'CE': [{'val': {'step': [20, 40], 'accuracy/top1': [80.0, 90.0]}}]}
        >>> [panel.title for panel in curve_panels(curves)]
        ['Validation: accuracy (%)']
    """
    colors = series_colors(list(curves), baseline)
    panels: list[Panel] = []
    for split, kind in (('val', 'Validation'), ('train', 'Training')):
        fields = _fields([run.get(split, {}) for runs in curves.values() for run in runs])
        if split == 'train':
            # Accuracies of single batches and norms of gradients are noise beside them.
            fields = [name for name in fields if 'loss' in name]
        if len(curves) == 1:
            [runs] = curves.values()
            for names in _together(fields):
                series = {shown_name(name): [(run[split], name) for run in runs if split in run] for name in names}
                panels.append(_panel(f'{kind}-{len(panels)}', kind, series, series_colors(list(series)), stages))
        else:
            for name in fields:
                series = {
                    method: [(run[split], name) for run in runs if name in run.get(split, {})]
                    for method, runs in curves.items()
                }
                title = f'{kind}: {shown_name(name)}'
                panels.append(_panel(f'{kind}-{len(panels)}', title, series, colors, stages, shown_name(name)))
    return panels


def _fields(curves: Sequence[Curve]) -> list[str]:
    """Losses and metrics that some run recorded; -1 is COCO's word for nothing."""
    names = {name: 0.0 for curve in curves for name in curve if name not in _NOTHING}
    return [name for name in in_order(names) if any(_finite(curve.get(name, [])) for curve in curves)]


def _finite(values: Sequence[float | None]) -> bool:
    return any(value is not None and np.isfinite(value) and value not in (0, -1) for value in values)


def _together(fields: Sequence[str]) -> list[list[str]]:
    """Names that share an axis: those of one evaluator, and all losses."""
    groups: dict[str, list[str]] = {}
    for name in fields:
        evaluator = 'loss' if 'loss' in name else name.partition('/')[0] if '/' in name else ''
        groups.setdefault(evaluator, []).append(name)
    return [names[:MOST_LINES] for names in groups.values()]


def _panel(
    name: str,
    title: str,
    series: Mapping[str, Sequence[tuple[Curve, str]]],
    colors: Mapping[str, str],
    stages: Sequence[int],
    label: str = '',
) -> Panel:
    figure = new_figure()
    axes = figure.subplots()
    several = any(len(curves) > 1 for curves in series.values())
    rows, lasts = [], []
    for number, (method, curves) in enumerate(series.items()):
        if not curves:
            continue
        steps, mean, error = _mean_and_error(curves)
        axes.plot(
            steps, mean, color=colors[method], linestyle=LINES[number % len(LINES)], linewidth=1.7,
            label=literal(method), marker='o' if len(steps) == 1 else None, markersize=4,
        )  # fmt: skip
        axes.fill_between(steps, mean - error, mean + error, color=colors[method], alpha=0.15, linewidth=0)
        shown = np.flatnonzero(np.isfinite(mean))
        if len(shown):
            field = curves[0][1]
            ends = [shown_value(field, float(mean[at])) for at in (shown[0], shown[-1])]
            better = np.nanmin(mean) if 'loss' in field else np.nanmax(mean)
            rows.append([method, *ends, shown_value(field, float(better)), str(len(curves))])
            lasts.append(f'{method} ends at {ends[1]}')
    _mark_stages(axes, stages)
    axes.set(xlabel='step', ylabel=literal(label))
    whole_numbers(axes)
    quiet_axes(axes, grid='y')
    if len(series) > 1:
        legend_above(figure, axes)
    elif not label:
        [only] = series
        title = f'{title}: {only}'
    caption = 'Mean over runs; band: ± one standard error.' if several else ''
    if stages:
        caption = f'{caption} Dotted vertical lines: a stage of the training begins.'.strip()
    table = Table(['line', 'first', 'last', 'best', 'runs'], rows, caption=title)
    return Panel(name.lower(), title, caption, f'{title} over the training steps. {"; ".join(lasts)}.', figure, table)


def _mark_stages(axes: Axes, stages: Sequence[int]) -> None:
    for number, step in enumerate(stages):
        axes.axvline(step, color=QUIET, linestyle=':', linewidth=1.2)
        axes.annotate(
            f'stage {number + 2}', (step, 1), xycoords=axes.get_xaxis_transform(), xytext=(3, -2),
            textcoords='offset points', va='top', color=INK, fontsize=8,
        )  # fmt: skip


def _mean_and_error(curves: Sequence[tuple[Curve, str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps that a run recorded, mean and standard error over the runs that recorded them."""
    found: dict[Any, list[float]] = {}
    for curve, name in curves:
        if name not in curve:
            continue
        for step, value in zip(curve['step'], curve[name], strict=True):
            # A stage does not compute a loss of weight 0.
            missing = value is None or ('loss' in name and value == 0)
            found.setdefault(step, []).append(np.nan if missing else float(value))
    steps = sorted(found)
    values = [np.array(found[step])[np.isfinite(found[step])] for step in steps]
    mean = np.array([row.mean() if len(row) else np.nan for row in values])
    error = np.array([row.std(ddof=1) / np.sqrt(len(row)) if len(row) > 1 else 0.0 for row in values])
    return np.array(steps), mean, error
