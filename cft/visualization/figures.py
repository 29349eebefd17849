"""Figures of the outcome: accuracies, paired differences, embeddings."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cft.evaluation.paired import MethodSummary, baseline_of, runs_by_draw

from .style import CLASS_COLORS, INK, QUIET, method_colors, new_figure, quiet_axes


def _spread(count: int, width: float) -> np.ndarray:
    """Offsets that keep the dots of one method apart; a draw has the same offset in every method."""
    return np.linspace(-width, width, count) if count > 1 else np.zeros(1)


def accuracy_figure(runs: Sequence[Mapping[str, Any]], summaries: Sequence[MethodSummary]) -> Figure:
    """Bars of the mean accuracy ± standard deviation, and a dot for every draw.

    Args:
        runs: Mappings with ``method``, ``draw`` and ``accuracy`` (per cent).
        summaries: From :func:`cft.evaluation.summarise` of the same runs.

    Returns:
        Figure with one Axes; its bars stand in the order of ``summaries``.

    Example:
        >>> accuracy_figure(runs, summarise(runs, methods, 'ce')).savefig('accuracy.png')  # doctest: +SKIP
    """
    figure = new_figure(8, 4.2)
    axes = figure.subplots()
    colors = method_colors(summaries)
    accuracies = [[run['accuracy'] for run in runs_by_draw(runs, summary.key).values()] for summary in summaries]
    lowest, highest = min(map(min, accuracies)), max(map(max, accuracies))
    floor = max(0, 5 * math.floor((lowest - 0.5) / 5))
    for position, (summary, values) in enumerate(zip(summaries, accuracies, strict=True)):
        axes.bar(position, summary.accuracy, width=0.66, color=colors[summary.key], alpha=0.9)
        if len(values) > 1:
            axes.errorbar(position, summary.accuracy, summary.accuracy_std, color=INK, capsize=5, linewidth=1.4)
        axes.scatter(
            position + _spread(len(values), 0.24), values, s=17, color='white', edgecolors=INK, linewidths=0.7, zorder=3
        )
    axes.set_ylim(floor, min(highest + 0.08 * (highest - floor), 100.5))
    width = max(8, 90 // len(summaries))  # characters that fit below a bar
    names = [f'{summary.accuracy:.1f} %\n{textwrap.fill(summary.name, width)}' for summary in summaries]
    axes.set_xticks(range(len(summaries)), names)
    axes.set_ylabel('test accuracy (%)' if floor == 0 else f'test accuracy (%), axis from {floor}')
    quiet_axes(axes, grid='y')
    axes.tick_params(axis='x', length=0, labelsize=10.5, labelcolor=INK)
    return figure


def difference_figure(runs: Sequence[Mapping[str, Any]], summaries: Sequence[MethodSummary]) -> Figure:
    """Paired differences to the baseline: mean, one and two standard errors, and a dot for every draw.

    A thin line (two standard errors) that crosses zero is a method that the
    draws do not distinguish from the baseline.

    Args:
        runs: Mappings with ``method``, ``draw`` and ``accuracy`` (per cent).
        summaries: From :func:`cft.evaluation.summarise` of the same runs, the
            baseline and at least one other.

    Returns:
        Figure with one Axes, in percentage points, the first method on top.

    Example:
        >>> difference_figure(runs, summarise(runs, methods, 'ce')).savefig('differences.png')  # doctest: +SKIP
    """
    base = baseline_of(summaries)
    others = [summary for summary in summaries if summary is not base]
    reference = runs_by_draw(runs, base.key)
    colors = method_colors(summaries)
    figure = new_figure(8, 1.1 + 0.58 * len(others))
    axes = figure.subplots()
    axes.axvline(0, color=INK, linewidth=1)
    for row, summary in enumerate(others):
        color = colors[summary.key]
        own = runs_by_draw(runs, summary.key)
        draws = [own[draw]['accuracy'] - reference[draw]['accuracy'] for draw in reference]
        axes.scatter(draws, row + 0.28 + _spread(len(draws), 0.09), s=12, color=color, alpha=0.55, linewidths=0)
        difference, error = summary.interval
        label = f'{round(difference, 2) + 0.0:+.2f}'.replace('-', '\N{MINUS SIGN}')
        if base.draws > 1:
            axes.errorbar(difference, row, xerr=2 * error, color=color, linewidth=1.4)
            axes.errorbar(difference, row, xerr=error, color=color, linewidth=5)
            label += f' ± {error:.2f}'
        axes.scatter(difference, row, s=62, color=color, edgecolors='white', linewidths=1.2, zorder=3)
        axes.annotate(label, (1.02, row), xycoords=axes.get_yaxis_transform(), va='center', color=INK, fontsize=10.5)
    axes.set_ylim(len(others) - 0.4, -0.6)
    axes.set_yticks(range(len(others)), [summary.name for summary in others])
    axes.set_xlabel(f'test accuracy minus {base.name}, same draw (percentage points)')
    quiet_axes(axes, grid='x')
    axes.spines['left'].set_visible(False)
    axes.tick_params(axis='y', length=0, labelsize=10.5, labelcolor=INK)
    return figure


def embedding_figure(embeddings: Mapping[str, Any]) -> Figure:
    """Grid of two-dimensional embeddings, coloured by class, with the label at each class's median.

    Args:
        embeddings: ``labels``, N integers, and ``panels``, each with ``name``
            and ``points`` (N, 2).

    Returns:
        Figure with one Axes per panel; more than ten classes reuse colours.

    Raises:
        ValueError: If a panel's points are not (N, 2).

    Example:
        >>> panels = [{'name': 'CE', 'points': [[0.0, 0.0], [1.0, 1.0]]}]
        >>> len(embedding_figure({'labels': [0, 1], 'panels': panels}).axes)
        1
    """
    labels, panels = np.asarray(embeddings['labels']), embeddings['panels']
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(8, 8 / columns * rows * 1.06)
    for number, panel in enumerate(panels):
        points = np.asarray(panel['points'], dtype=float)
        if points.shape != (len(labels), 2):
            raise ValueError(f'panel {panel["name"]!r}: points must be ({len(labels)}, 2), got {points.shape}')
        axes = figure.add_subplot(rows, columns, number + 1)
        for index, label in enumerate(np.unique(labels)):
            members = points[labels == label]
            color = CLASS_COLORS[index % len(CLASS_COLORS)]
            axes.scatter(members[:, 0], members[:, 1], s=9, color=color, alpha=0.8, linewidths=0)
            x, y = np.median(members, axis=0)
            axes.text(
                x, y, str(label), ha='center', va='center', color=INK, fontsize=9,
                fontweight='bold', bbox={'boxstyle': 'circle,pad=0.15', 'facecolor': 'white', 'alpha': 0.8, 'lw': 0},
            )  # fmt: skip
        axes.set_title(panel['name'], fontsize=11, color=INK)
        axes.set(xticks=[], yticks=[], box_aspect=1, facecolor='white')
        axes.spines[:].set(color=QUIET, linewidth=0.6)
    return figure
