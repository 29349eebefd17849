"""Figures of the way there: fine-tuning and pre-training curves."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cft.evaluation.paired import MethodSummary, runs_by_draw

from .style import INK, QUIET, method_colors, new_figure, quiet_axes

_LABELS = {'accuracy': 'validation accuracy (%)', 'loss_ce': 'cross-entropy loss', 'loss_con': 'contrastive loss'}
_LINES = ('-', '--', '-.', ':')


def _mean_and_error(rows: Sequence[Sequence[float | None]]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error over the first axis of (draws, steps); missing values are left out."""
    values = np.ma.masked_invalid(np.array(rows, dtype=float))
    mean = values.mean(axis=0)
    if len(rows) == 1:
        return mean.filled(np.nan), np.zeros(values.shape[1])
    error = values.std(axis=0, ddof=1) / np.sqrt(values.count(axis=0))
    return mean.filled(np.nan), np.ma.filled(error, 0.0)


def _draw_curve(axes: Axes, records: Sequence[Mapping[str, Any]], field: str, name: str, color: str, line: str) -> None:
    """Add the mean of ``records[i][field]`` over draws, with a band of one standard error."""
    steps = records[0]['step']
    if any(list(record['step']) != list(steps) or len(record[field]) != len(steps) for record in records):
        raise ValueError(f'{name}: the draws do not record {field!r} at the same steps')
    mean, error = _mean_and_error([record[field] for record in records])
    if field != 'accuracy':
        mean[mean == 0] = np.nan  # a stage does not compute a loss of weight 0
    axes.plot(steps, mean, color=color, linestyle=line, linewidth=1.8, label=name)
    axes.fill_between(steps, mean - error, mean + error, color=color, alpha=0.15, linewidth=0)


def training_figure(runs: Sequence[Mapping[str, Any]], summaries: Sequence[MethodSummary]) -> Figure:
    """Validation accuracy and every recorded loss over the steps of fine-tuning.

    Args:
        runs: Mappings with ``method``, ``draw``, ``curve`` (``step`` and
            ``accuracy``, per cent) and ``losses`` (``step`` and ``loss_...``);
            None and nan are left out.
        summaries: From :func:`cft.evaluation.summarise` of the same runs.

    Returns:
        Figure with the accuracy twice, whole and zoomed to where it ends, and
        one Axes for each loss.

    Raises:
        ValueError: If the draws of a method differ in their steps.

    Example:
        >>> training_figure(runs, summarise(runs, methods, 'ce')).savefig('training.png')  # doctest: +SKIP
    """
    losses = sorted({key for run in runs for key in run['losses'] if key != 'step'})
    fields = ['accuracy', 'accuracy', *losses]
    figure = new_figure(8, 3.1 * math.ceil(len(fields) / 2))
    panels = [figure.add_subplot(math.ceil(len(fields) / 2), 2, number + 1) for number in range(len(fields))]
    colors = method_colors(summaries)
    for number, summary in enumerate(summaries):
        own = list(runs_by_draw(runs, summary.key).values())
        for field, axes in zip(fields, panels, strict=True):
            records = [run['curve' if field == 'accuracy' else 'losses'] for run in own]
            if all(field in record for record in records):
                _draw_curve(axes, records, field, summary.name, colors[summary.key], _LINES[number % len(_LINES)])
    for field, axes in zip(fields, panels, strict=True):
        axes.set(xlabel='fine-tuning step', ylabel=_LABELS.get(field, field))
        quiet_axes(axes, grid='y')
    # A method whose classifier starts late spans the whole axis and hides the points that matter.
    ends = [np.asarray(line.get_ydata(), dtype=float)[-1:] for line in panels[1].get_lines()]
    last = [float(value) for end in ends for value in end if np.isfinite(value)]
    if last:
        panels[1].set_ylim(min(last) - 5, max(last) + 1.5)
    panels[1].set_ylabel(f'{_LABELS["accuracy"]}, zoomed')
    handles, names = panels[0].get_legend_handles_labels()
    rows = math.ceil((48 * len(names) + 6 * len(''.join(names))) / 560)  # points that the entries take and have
    columns = math.ceil(len(names) / rows)
    figure.legend(handles, names, loc='outside upper center', ncols=columns, frameon=False, fontsize=10, labelcolor=INK)
    return figure


def pretraining_figure(pretraining: Mapping[str, Sequence[float]]) -> Figure:
    """Loss of self-supervised pre-training, with its running mean.

    Args:
        pretraining: ``step`` and ``loss``, equally long.

    Returns:
        Figure with one Axes.

    Raises:
        ValueError: If the two lengths differ or are 0.

    Example:
        >>> pretraining_figure({'step': [1, 2, 3], 'loss': [5.0, 4.0, 3.5]}).axes[0].get_xlabel()
        'pre-training step'
    """
    steps, loss = np.asarray(pretraining['step']), np.asarray(pretraining['loss'], dtype=float)
    if len(steps) != len(loss) or not len(steps):
        raise ValueError(f'pretraining needs as many losses as steps, got {len(loss)} and {len(steps)}')
    figure = new_figure(8, 3.2)
    axes = figure.subplots()
    half = len(loss) // 40
    smooth = [loss[max(0, index - half) : index + half + 1].mean() for index in range(len(loss))]
    if half:
        axes.plot(steps, loss, color=QUIET, linewidth=0.8, alpha=0.35, label='recorded')
    axes.plot(steps, smooth, color='#0072B2', linewidth=1.9, label=f'mean over {2 * half + 1} records')
    axes.set(xlabel='pre-training step', ylabel='self-supervised loss')
    quiet_axes(axes, grid='y')
    if half:
        axes.legend(frameon=False, fontsize=10, labelcolor=INK)
    return figure
