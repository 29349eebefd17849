"""Features in the plane: PCA and t-SNE, with the images behind the points."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from .blocks import Panel, Spots
from .style import CLASS_COLORS, INK, PAPER, QUIET, any_letters, literal, new_figure
from .tables import Table

MOST_POINTS, MOST_IMAGES = 2000, 400
FEWEST_FOR_TSNE = 10
MOST_NAMES = 24  # classes whose names fit into the figure
_MARKERS = 'o^sDvP*X'
_LONGEST = 12
_CAPTIONS = {
    'PCA': 'The two directions of largest variance of the l2-normalised features.',
    't-SNE': 'Neighbours stay neighbours; sizes of clusters and distances between them mean nothing.',
}


def project(features: np.ndarray, method: str) -> np.ndarray:
    """Two coordinates for each row of features.

    Args:
        features: (N, D); rows are l2-normalised first.
        method: ``'PCA'``, or ``'t-SNE'`` (van der Maaten and Hinton 2008; begins at the PCA, seed 0).

    Returns:
        (N, 2).

    Example:
        >>> project(np.eye(4), 'PCA').shape
        (4, 2)
    """
    rows = np.asarray(features, dtype=np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    rows = rows - rows.mean(axis=0)
    if method == 't-SNE':
        from sklearn.manifold import TSNE

        perplexity = min(30.0, (len(rows) - 1) / 3)
        return TSNE(init='pca', perplexity=perplexity, random_state=0).fit_transform(rows.astype(np.float32))
    left, scales, right = np.linalg.svd(rows, full_matrices=False)
    # Of the two signs the one with a positive largest weight, whatever the library took.
    signs = np.sign(right[np.arange(len(right)), np.abs(right).argmax(axis=1)])
    points = np.zeros((len(rows), 2))
    points[:, : len(scales)] = (left * scales * signs)[:, :2]
    return points


def balanced_sample(labels: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most ``most`` rows, as equally many of each class as there are.

    Example:
        >>> labels = np.array([0, 0, 0, 0, 1])
        >>> np.bincount(labels[balanced_sample(labels, most=3)]).tolist()
        [2, 1]
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    order = np.random.default_rng(0).permutation(len(labels))
    seen: dict[int, int] = {}
    rank = np.empty(len(labels), dtype=int)
    for index in order:
        rank[index] = seen.setdefault(int(labels[index]), 0)
        seen[int(labels[index])] += 1
    return np.sort(np.lexsort((order.argsort(), rank))[:most])


def embedding_panel(
    name: str,
    title: str,
    features: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    picture: Callable[[int], Image.Image] | None = None,
    method: str = 't-SNE',
) -> Panel:
    """Points of the plane, coloured by class; where there are pictures, pointing at a point shows its image.

    Args:
        name: Unique in the page.
        title: Above the figure.
        features: (N, D); of more than 2,000 rows a sample balanced over the classes is drawn.
        labels: (N,) class indices.
        classes: Names.
        picture: Gives the image of row i.
        method: As of :func:`project`.

    Raises:
        ValueError: If there is not one label for each row.

    Example:
        >>> embedding_panel('pca', 'Features', np.eye(3), np.array([0, 0, 1]), ['cat', 'dog'], method='PCA').table.rows
        [['cat', '2'], ['dog', '1']]
    """
    labels = np.asarray(labels)
    if len(features) != len(labels):
        raise ValueError(f'{len(features)} rows of features, but {len(labels)} labels')
    chosen = balanced_sample(labels, MOST_POINTS)
    points, shown = project(np.asarray(features)[chosen], method), labels[chosen]
    figure = new_figure(height=4.1)
    axes = figure.subplots()
    present = np.unique(shown)
    colors, markers = shown % len(CLASS_COLORS), shown // len(CLASS_COLORS) % len(_MARKERS)
    for color, marker in np.unique(np.column_stack([colors, markers]), axis=0):
        members = points[(colors == color) & (markers == marker)]
        axes.scatter(
            members[:, 0],
            members[:, 1],
            s=13,
            color=CLASS_COLORS[color],
            alpha=0.8,
            linewidths=0,
            marker=_MARKERS[marker],
        )
    if len(present) <= MOST_NAMES:
        for label in present:
            x, y = np.median(points[shown == label], axis=0)
            text = classes[label] if len(classes[label]) <= _LONGEST else f'{classes[label][: _LONGEST - 1]}…'
            axes.text(
                x, y, literal(text), ha='center', va='center', color=INK, fontsize=8.5, fontweight='bold',
                bbox={'boxstyle': 'round,pad=0.15', 'facecolor': PAPER, 'alpha': 0.8, 'lw': 0},
            )  # fmt: skip
    axes.set(xticks=[], yticks=[], facecolor='none')
    axes.spines[:].set(color=QUIET, linewidth=0.6)
    spots = None
    caption = f'{_CAPTIONS[method]} One point is an image of the split'
    caption += f'; {len(chosen)} of {len(labels)} are shown.' if len(chosen) < len(labels) else '.'
    if picture is not None:
        some = balanced_sample(shown, MOST_IMAGES)
        with any_letters():
            figure.draw_without_rendering()
        places = axes.transData.transform(points[some]) / [figure.bbox.width, figure.bbox.height]
        spots = Spots(
            np.column_stack([places[:, 0], 1 - places[:, 1]]),
            [picture(int(chosen[index])) for index in some],
            [classes[label] for label in shown[some]],
        )
        caption += ' Point at one to see it.' if len(some) == len(chosen) else f' {len(some)} show their image.'
    counts = [[classes[label], str(int((shown == label).sum()))] for label in present]
    table = Table(['class', 'points'], counts, caption=f'{title}: points of each class')
    alt = f'{title}, {method} of {len(chosen)} images of {len(present)} classes.'
    return Panel(name, title, caption, alt, figure, table, spots)
