"""How similar images of one class are, and images of different classes."""

from typing import Any

import numpy as np

from .blocks import Panel
from .style import ACCENT, WARM, legend_above, new_figure, quiet_axes
from .tables import Table


def similarity_panel(histograms: Any, name: str = 'similarities', title: str = 'Similarities of features') -> Panel:
    """The two distributions of :func:`cft.evaluation.similarity_histograms`.

    Args:
        histograms: With ``edges`` (B + 1,), ``positive`` and ``negative`` (B,).
        name: Unique in the page.
        title: Above the figure.

    Example:
        >>> from types import SimpleNamespace
        >>> pairs = SimpleNamespace(edges=[-1, 0, 1], positive=[0, 4], negative=[3, 1])
        >>> similarity_panel(pairs).table.rows[1]
        ['different classes', '-0.250', '0.0 %']
    """
    edges = np.asarray(histograms.edges, dtype=float)
    centers, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    figure = new_figure()
    axes = figure.subplots()
    rows = []
    kinds = (('same class', histograms.positive, ACCENT, '-'), ('different classes', histograms.negative, WARM, '--'))
    for label, counts, color, line in kinds:
        part = np.asarray(counts, dtype=float) / max(float(np.sum(counts)), 1e-12)
        axes.stairs(part / widths, edges, color=color, linewidth=1.7, linestyle=line, label=label)
        axes.stairs(part / widths, edges, color=color, alpha=0.18, fill=True)
        rows.append([label, f'{part @ centers:.3f}', f'{100 * part[centers > 0.5].sum():.1f} %'])
    filled = np.flatnonzero(np.asarray(histograms.positive) + np.asarray(histograms.negative))
    if len(filled):
        axes.set_xlim(edges[filled[0]] - 0.02, edges[filled[-1] + 1] + 0.02)
    axes.set(xlabel='cosine similarity of two images', ylabel='density')
    quiet_axes(axes, grid='y')
    legend_above(figure, axes)
    table = Table(['pairs', 'mean', 'above 0.5'], rows, caption=title)
    return Panel(
        name, title, 'The less the two overlap, the better nearest neighbours and retrieval work.',
        f'{title}: mean {rows[0][1]} of pairs of one class, {rows[1][1]} of pairs of different classes.', figure, table,
    )  # fmt: skip
