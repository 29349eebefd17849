"""Finding images of the same class by their features (Musgrave et al. 2020)."""

from collections.abc import Sequence

import numpy as np

from cft.errors import ConfigError, DataError

from .feature_rows import blocks, checked_features, rows_by_class, unit_rows


def retrieval_scores(
    features: np.ndarray,
    labels: np.ndarray,
    references: tuple[np.ndarray, np.ndarray] | None = None,
    ks: Sequence[int] = (1,),
    block: int | None = None,
) -> dict[str, float]:
    """How well the images most similar to a query are of its class.

    References are ranked by cosine similarity. Similarities equal to 1e-12
    tie; of a tie every score is its expectation over a random order (McSherry
    and Najork 2008), so the order of rows decides nothing and collapsed
    features score as chance does.

    Args:
        features: (N, D) of the queries.
        labels: (N,) integers.
        references: Features (M, D) and labels (M,) to search; None: the
            queries themselves, each without itself.
        ks: Numbers k of recall at k.
        block: Queries ranked at once; None: as many as hold 32 MiB of similarities.

    Returns:
        Per cent, means over the queries whose class is among the references;
        R is the number of references of the query's class.
        ``map_at_r``: mean average precision of the R most similar,
        ``1/R sum_i P(i)`` over the ranks i up to R that hold the class.
        ``r_precision``: share of the class among the R most similar.
        ``recall_at_<k>``: whether the class is among the k most similar.

    Raises:
        ConfigError: If a k is below 1.
        DataError: If no query has a reference of its class, the widths
            differ, or a row is not finite.

    Example:
        >>> x, y = np.array([[1., 0.], [1., .1], [0., 1.], [.1, 1.]]), np.array([0, 0, 1, 1])
        >>> retrieval_scores(x, y)
        {'map_at_r': 100.0, 'r_precision': 100.0, 'recall_at_1': 100.0}
    """
    if min(ks, default=1) < 1:
        raise ConfigError(f'recall at k needs k of at least 1: {list(ks)}')
    features, labels = checked_features(features, labels)
    found, found_labels = checked_features(*references) if references else (features, labels)
    if features.shape[1] != found.shape[1]:
        raise DataError(f'queries of {features.shape[1]} numbers beside references of {found.shape[1]}')
    classes, members = rows_by_class(found_labels)
    sizes = np.array([len(rows) for rows in members])
    position = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    relevant = np.where(classes[position] == labels, sizes[position], 0) - (references is None)
    queries = np.flatnonzero(relevant > 0)
    if not len(queries):
        raise DataError(
            'retrieval needs images that share a class; '
            + ('no query has a reference of its own' if references else 'every class has one image')
        )
    pool = unit_rows(found).T
    total = np.zeros(2 + len(ks))
    for part in blocks(len(queries), block or max(1, 2**22 // pool.shape[1])):
        some = queries[part]
        similarities = unit_rows(features[some]) @ pool
        np.round(similarities, 12, out=similarities)
        if references is None:
            similarities[np.arange(len(some)), some] = -np.inf
        same = labels[some, None] == found_labels
        total += _scores(similarities, same, relevant[some], ks)
    names = ['map_at_r', 'r_precision', *(f'recall_at_{k}' for k in ks)]
    return {name: 100 * float(value) / len(queries) for name, value in zip(names, total, strict=True)}


def _scores(similarities: np.ndarray, same: np.ndarray, relevant: np.ndarray, ks: Sequence[int]) -> np.ndarray:
    """Sums over the queries of a block; all at once but for those with ties."""
    import torch

    # One more than needed shows a tie across the last rank.
    depth = min(max([int(relevant.max()), *ks]) + 1, similarities.shape[1])
    values, order = (found.numpy() for found in torch.from_numpy(similarities).topk(depth))
    tied = (values[:, 1:] == values[:, :-1]).any(axis=1)
    match = np.take_along_axis(same, order, axis=1)[~tied]
    r = relevant[~tied, None]
    hits = match & (np.arange(depth) < r)
    precision = np.cumsum(match, axis=1) / np.arange(1, depth + 1)
    total = np.array(
        [(hits * precision / r).sum(), (hits / r).sum(), *(float(match[:, :k].any(axis=1).sum()) for k in ks)]
    )
    for row in np.flatnonzero(tied):
        total += _expected_scores(similarities[row], same[row], int(relevant[row]), ks)
    return total


def _expected_scores(scores: np.ndarray, match: np.ndarray, r: int, ks: Sequence[int]) -> list[float]:
    """Average precision and precision of the first r, recall at each k; in expectation where scores tie."""
    depth = min(max([r, *ks]), len(scores))
    lowest = np.partition(scores, -depth)[-depth]
    reached = np.flatnonzero(scores >= max(lowest, -2))
    reached = reached[np.argsort(-scores[reached], kind='stable')]
    match = match[reached].astype(np.float64)
    ties, start = np.unique(-scores[reached], return_index=True)
    length = np.diff(start, append=len(reached))
    hits = np.add.reduceat(match, start)
    before = np.cumsum(hits) - hits
    # Of the ranks up to r: the chance of a hit, and the hits above one that is a hit.
    group = np.repeat(np.arange(len(ties)), length)[:r]
    within = np.arange(len(group)) - start[group]
    chance = hits[group] / length[group]
    above = before[group] + within * (hits[group] - 1) / np.maximum(length[group] - 1, 1)
    precision = chance * (above + 1) / np.arange(1, len(group) + 1)
    return [precision.sum() / r, chance.sum() / r, *(_recall(length, hits, k) for k in ks)]


def _recall(length: np.ndarray, hits: np.ndarray, k: int) -> float:
    """The chance that a hit is among the first k, ties in random order."""
    first = int(np.argmax(hits > 0)) if hits.any() else len(hits)
    drawn = k - int(length[:first].sum())
    if first == len(hits) or drawn <= 0:
        return 0.0
    size, others = int(length[first]), int(length[first] - hits[first])
    if drawn > others:
        return 1.0
    return 1 - float(np.prod((others - np.arange(drawn)) / (size - np.arange(drawn))))
