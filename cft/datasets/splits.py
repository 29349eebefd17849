"""Choose part of a labelled set, class by class, the same way every time."""

from collections.abc import Sequence

import numpy as np


def stratified_indices(
    labels: Sequence[int] | np.ndarray, seed: int, per_class: int | None = None, fraction: float | None = None
) -> np.ndarray:
    """Draw ``per_class`` samples of each class, or ``fraction`` of each.

    A fraction is rounded per class, but a class of two or more samples keeps at
    least one on each side. A class of one sample is drawn whole. Draws of one
    seed nest: the samples of a smaller number or fraction are among those of a
    larger one, numbers and fractions alike.

    Args:
        labels: N integers.
        seed: The draw depends on it, the class and the number of its samples alone.
        per_class: Number of samples of each class.
        fraction: Part of each class, in (0, 1).

    Returns:
        Sorted indices of the chosen samples.

    Raises:
        ValueError: Unless exactly one of the two is given and valid, or if a
            class has fewer than ``per_class`` samples.

    Example:
        >>> stratified_indices([0, 0, 1, 1], seed=0, per_class=1).shape
        (2,)
    """
    if (per_class is None) == (fraction is None):
        raise ValueError('give either per_class or fraction')
    if fraction is not None and not 0 < fraction < 1:
        raise ValueError(f'fraction must lie between 0 and 1, got {fraction}')
    if per_class is not None and per_class < 1:
        raise ValueError(f'per_class must be at least 1, got {per_class}')
    values = np.asarray(labels)
    chosen = []
    for label in np.unique(values):
        members = np.flatnonzero(values == label)
        if fraction is None:
            assert per_class is not None
            number = per_class
        else:
            number = min(max(round(fraction * len(members)), 1), max(len(members) - 1, 1))
        if number > len(members):
            raise ValueError(f'class {label} has {len(members)} samples, fewer than per_class={number}')
        chosen.append(np.random.default_rng([seed, int(label)]).permutation(members)[:number])
    return np.sort(np.concatenate(chosen))
