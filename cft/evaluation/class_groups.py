"""Accuracy of classes with many, some and few training images, where a data set has a long tail."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cft.errors import ConfigError, DataError

GROUPS = ('many', 'medium', 'few')


def class_groups(counts: Sequence[int] | np.ndarray, many: int = 100, few: int = 20) -> np.ndarray:
    """The group of each class: ``many`` above the one number, ``few`` below the other, ``medium`` between them.

    The numbers are those of Liu et al. (CVPR 2019, "Large-Scale Long-Tailed
    Recognition in an Open World").

    Args:
        counts: (C,) training images of each class.
        many: More images than this are many.
        few: Fewer than this are few.

    Returns:
        (C,) places in ``GROUPS``.

    Raises:
        ConfigError: If a class could be in two groups.

    Example:
        >>> [GROUPS[group] for group in class_groups([101, 100, 20, 19])]
        ['many', 'medium', 'medium', 'few']
    """
    if many + 1 < few:
        raise ConfigError(
            f'classes of more than {many} images and of fewer than {few} overlap; let few be at most many'
        )
    counts = np.asarray(counts)
    return np.where(counts > many, 0, np.where(counts < few, 2, 1))


def class_group_table(
    correct: np.ndarray, labels: np.ndarray, counts: Sequence[int] | np.ndarray, many: int = 100, few: int = 20
) -> dict[str, list[Any]]:
    """Accuracy of the images of each group.

    Args:
        correct: (N,) booleans.
        labels: (N,) classes.
        counts: (C,) training images of each class.
        many: As of :func:`class_groups`.
        few: As of :func:`class_groups`.

    Returns:
        ``columns`` and ``rows``, one a group: accuracy in per cent, None without images, and the numbers of classes,
        of images here and in training.

    Raises:
        DataError: If a label is no class.

    Example:
        >>> class_group_table(np.array([True, False]), np.array([0, 1]), [200, 3])['rows']
        [['many (> 100)', 100.0, 1, 1, 200], ['medium', None, 0, 0, 0], ['few (< 20)', 0.0, 1, 1, 3]]
    """
    correct, labels, counts = np.asarray(correct), np.asarray(labels), np.asarray(counts)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(counts):
        raise DataError(f'labels from {labels.min()} to {labels.max()} are no classes of {len(counts)}')
    groups = class_groups(counts, many, few)
    names = (f'many (> {many})', 'medium', f'few (< {few})')
    rows = []
    for group, name in enumerate(names):
        inside, images = groups == group, groups[labels] == group
        accuracy = 100 * float(correct[images].mean()) if images.any() else None
        rows.append([name, accuracy, int(inside.sum()), int(images.sum()), int(counts[inside].sum())])
    return {'columns': ['training images', 'accuracy', 'classes', 'images', 'in training'], 'rows': rows}
