"""S_Dbw, a validity index of clusters: scatter within them plus density between them."""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from cft.errors import ConfigError, DataError

from .feature_rows import blocks, checked_features, rows_by_class

VARIANTS = ('halkidi', 'halkidi2001', 'tong')
# Numbers of one block of comparisons, 32 MiB in float64.
BLOCK = 2**22
# Share of the centres' mean in the centre between two clusters (Tong and Tan; the package's default).
TONG_LAMBDA = 0.7


def s_dbw(
    features: np.ndarray,
    labels: np.ndarray,
    variant: Literal['halkidi', 'halkidi2001', 'tong'] = 'halkidi',
    center: Literal['nearest', 'mean'] = 'nearest',
) -> float:
    """S_Dbw = Scat + Dens_bw of features as they are, Euclidean, lower is better.

    Scat is the mean spread of a class over the spread of all features,
    Dens_bw the mean number of features near the middle between two classes
    over the larger of the numbers near their centres.

    ``'tong'`` is what the code of COIN reports: package s-dbw 0.4.0, method
    ``'Tong'`` (Tong and Tan 2009), ``nearest_centr=True``, on the encoder's
    features of the test images. ``'halkidi'`` is that package's method
    ``'Halkidi'``; it has vectors of standard deviations where Halkidi and
    Vazirgiannis (2001) print variances, so that its radius, unlike theirs,
    doesn't scale with the features. ``'halkidi2001'`` is as printed.

    Arithmetic is float64; the package's is that of the features. Equal to the
    package, with two differences: of rows equally near to a class's mean, as
    both of a class of two are, the first in lexical order is the centre, not
    the first in the order of rows; and a feature on the border of a region,
    to a relative 1e-12, lies in it.

    Args:
        features: (N, D); a memory map is read class by class.
        labels: (N,) integers, the classes; -1 is a class as any other, as in
            the package's ``alg_noise='comb'``.
        variant: See above.
        center: ``'nearest'``: a class is centred at its feature nearest to
            the mean; ``'mean'``: at the mean. In many dimensions no feature
            may lie near a mean.

    Returns:
        Number at least 0. NaN if it has none: all features coincide, so the
        total spread is 0, or no feature lies near the centres of two classes,
        so their density is 0 / 0 (the package raises ``ZeroDivisionError``
        and ``ValueError``).

    Raises:
        ConfigError: If the variant or the center is unknown.
        DataError: If there is one class, each image is a class of its own
            (the package raises as well), or a row is not finite.

    Example:
        >>> x = np.array([[0., 0.], [0., 1.], [0., 2.], [9., 0.], [9., 1.], [9., 2.]])
        >>> round(s_dbw(x, np.array([0, 0, 0, 1, 1, 1]), variant='tong'), 4)
        0.1785
    """
    if variant not in VARIANTS or center not in ('nearest', 'mean'):
        raise ConfigError(
            f'no S_Dbw of variant={variant!r}, center={center!r}: variants are {", ".join(VARIANTS)}, '
            'centers nearest and mean'
        )
    features, labels = checked_features(features, labels)
    members = rows_by_class(labels)[1]
    if not 1 < len(members) < len(features):
        raise DataError(
            f'S_Dbw needs two classes, and a class of two images: {len(features)} images are of {len(members)} classes'
        )
    sizes = np.array([len(rows) for rows in members])
    means = np.stack([_rows(features, rows).mean(axis=0) for rows in members])
    spreads = np.stack([_rows(features, rows).std(axis=0) for rows in members])
    shift = means - sizes @ means / len(features)
    total = np.sqrt(sizes @ (np.square(spreads) + np.square(shift)) / len(features))
    if variant == 'halkidi2001':
        within, overall = np.linalg.norm(np.square(spreads), axis=1), np.linalg.norm(np.square(total))
    else:
        within, overall = np.linalg.norm(spreads, axis=1), np.linalg.norm(total)
    if overall <= 1e-12 * np.abs(means).max() ** (2 if variant == 'halkidi2001' else 1):
        return float('nan')
    centres = means
    if center == 'nearest':
        centres = np.stack([_nearest(_rows(features, rows), mean) for rows, mean in zip(members, means, strict=True)])
    if variant == 'tong':
        scatter = (1 - sizes / len(features)) @ within / (overall * (len(members) - 1))
        own, between = _box_densities(features, members, centres, spreads)
    else:
        scatter = within.mean() / overall
        own, between = _ball_densities(features, members, centres, np.sqrt(within.sum()) / len(members))
    if (own == 0).sum() > 1:
        return float('nan')
    pairs = ~np.eye(len(members), dtype=bool)
    density = (between[pairs] / np.maximum(own[:, None], own)[pairs]).mean()
    return float(scatter + density)


def _rows(features: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    return np.asarray(features[numbers], dtype=np.float64)


def _nearest(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    distances = np.linalg.norm(rows - mean, axis=1)
    nearest = rows[distances <= distances.min() * (1 + 1e-9)]
    return nearest[np.lexsort(nearest.T[::-1])[0]]


def _ball_densities(
    features: np.ndarray, members: list[np.ndarray], centres: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """Features within ``radius`` of the centres (K,), and of the middle between two, of both classes (K, K)."""
    origin = centres.mean(axis=0)
    centres = centres - origin
    products = centres @ centres.T
    squares = np.diag(products)
    to_middles = (squares[:, None] + 2 * products + squares) / 4
    count = np.zeros_like(products, dtype=np.int64)
    numbers, own = np.concatenate(members), np.repeat(np.arange(len(members)), [len(rows) for rows in members])
    for part in blocks(len(numbers), max(1, BLOCK // max(centres.shape))):
        rows, of = _rows(features, numbers[part]) - origin, own[part]
        scale = np.square(rows).sum(axis=1)[:, None] + to_middles[of]
        along = rows @ centres.T
        excess = scale - along - along[np.arange(len(rows)), of, None] - radius**2
        inside = excess <= 0
        # The expanded square has lost its last digits: at the border the difference itself decides.
        unsure = np.argwhere(np.abs(excess) <= 1e-10 * (scale + radius**2))
        for some in blocks(len(unsure), max(1, BLOCK // centres.shape[1])):
            row, other = unsure[some].T
            distances = np.linalg.norm(rows[row] - (centres[of[row]] + centres[other]) / 2, axis=1)
            inside[row, other] = distances <= radius + 1e-12 * np.sqrt(scale[row, other])
        present, start = np.unique(of, return_index=True)
        count[present] += np.add.reduceat(inside, start, axis=0, dtype=np.int64)
    return np.diag(count).copy(), count + count.T


def _box_densities(
    features: np.ndarray, members: list[np.ndarray], centres: np.ndarray, spreads: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same with boxes: 1.96 standard errors to each side in every dimension."""
    sizes = np.array([len(rows) for rows in members])
    own = np.zeros(len(members), dtype=np.int64)
    for i, numbers in enumerate(members):

        def around(part: slice, i: int = i) -> tuple[np.ndarray, np.ndarray]:
            return centres[[i], part], 1.96 / np.sqrt(sizes[i]) * spreads[[i], part]

        own[i] = _in_boxes(features, numbers, 1, around)[0]
    count = np.zeros((len(members), len(members)), dtype=np.int64)
    if (own == 0).sum() > 1:
        return own, count
    for i, numbers in enumerate(members):
        others = np.arange(len(members)) != i
        # What is between two centres lies nearer to the smaller class, and to the denser one.
        share = sizes[others] / (sizes[i] + sizes[others])
        share = TONG_LAMBDA * share + (1 - TONG_LAMBDA) * own[i] / (own[i] + own[others])
        errors = 1.96 / 2 / np.sqrt(sizes[i] + sizes[others])

        def between(
            part: slice, i: int = i, others: np.ndarray = others, share: np.ndarray = share, errors: np.ndarray = errors
        ) -> tuple[np.ndarray, np.ndarray]:
            middles = centres[others, part] + share[:, None] * (centres[i, part] - centres[others, part])
            return middles, errors[:, None] * (spreads[i, part] + spreads[others, part])

        count[i, others] = _in_boxes(features, numbers, int(others.sum()), between)
    return own, count + count.T


def _in_boxes(
    features: np.ndarray,
    numbers: np.ndarray,
    count: int,
    boxes: Callable[[slice], tuple[np.ndarray, np.ndarray]],
) -> np.ndarray:
    """How many of the rows lie in each box; nearly all leave it in the first dimensions.

    ``boxes`` gives the middles and half widths (count, d) in a slice of the dimensions.
    """
    found = np.zeros(count, dtype=np.int64)
    for some in blocks(len(numbers), max(1, BLOCK // (16 * count))):
        rows = _rows(features, numbers[some])
        row, box = np.divmod(np.arange(len(rows) * count), count)
        for part in _growing(rows.shape[1]):
            middles, widths = boxes(part)
            widths = widths + 1e-12 * np.abs(middles)
            inside = np.zeros(len(row), dtype=bool)
            for block in blocks(len(row), max(1, BLOCK // (part.stop - part.start))):
                distances = np.abs(rows[row[block], part] - middles[box[block]])
                inside[block] = (distances <= widths[box[block]]).all(axis=1)
            row, box = row[inside], box[inside]
            if not len(row):
                break
        found += np.bincount(box, minlength=count)
    return found


def _growing(dimensions: int) -> Iterator[slice]:
    start, size = 0, 4
    while start < dimensions:
        yield slice(start, min(start + size, dimensions))
        start, size = start + size, 4 * size
