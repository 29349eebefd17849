"""Tables of a segmentation, from the pixels of each image by true and predicted class."""

from collections.abc import Sequence
from typing import Any

import numpy as np

WORST = 20


def class_scores(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """IoU, accuracy and precision of each class.

    Args:
        confusion: (..., C, C) numbers of labelled pixels; row: true class, column: predicted.

    Returns:
        (..., C) per cent by name; NaN where a class is neither labelled nor predicted (``iou``), not labelled
        (``accuracy``, the part of its pixels that is found) or not predicted (``precision``).

    Example:
        >>> class_scores(np.array([[3, 1], [0, 4]]))['iou'].tolist()
        [75.0, 80.0]
    """
    hit = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    labelled, predicted = confusion.sum(axis=-1), confusion.sum(axis=-2)
    with np.errstate(invalid='ignore', divide='ignore'):
        return {
            'iou': 100 * hit / (labelled + predicted - hit),
            'accuracy': 100 * hit / labelled,
            'precision': 100 * hit / predicted,
        }


def image_scores(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """What is said of one image: mean IoU of the classes in it, pixel accuracy and the IoU of each.

    Args:
        confusion: (C, C) as of :func:`class_scores`.
        classes: C names.

    Returns:
        ``miou`` and ``accuracy`` in per cent, None without labelled pixels, and ``iou`` by class.

    Example:
        >>> image_scores(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]), ['sky', 'tree', 'car'])
        {'miou': 77.5, 'accuracy': 87.5, 'iou': {'sky': 75.0, 'tree': 80.0}}
    """
    total = int(confusion.sum())
    found = {
        name: float(value)
        for name, value in zip(classes, class_scores(confusion)['iou'], strict=True)
        if not np.isnan(value)
    }
    return {
        'miou': float(np.mean(list(found.values()))) if found else None,
        'accuracy': 100 * float(np.trace(confusion)) / total if total else None,
        'iou': found,
    }


def segmentation_tables(
    confusion: np.ndarray, images: Sequence[dict[str, Any]], classes: Sequence[str], paths: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Per-class scores, the confusion matrix of pixels, and the images that are segmented worst.

    Args:
        confusion: (C, C), the sum over all images.
        images: N times :func:`image_scores`.
        classes: C names.
        paths: N names of the images.

    Returns:
        ``per_class``, ``confusion`` and ``worst_images``, as :class:`cft.evaluation.Evaluation` holds them.

    Example:
        >>> pixels = np.array([[3, 1], [0, 4]])
        >>> scores = image_scores(pixels, ['sky', 'tree'])
        >>> segmentation_tables(pixels, [scores], ['sky', 'tree'], ['a.png'])['worst_images']['rows']
        [['a.png', 77.5, 87.5]]
    """
    scores = class_scores(confusion)
    columns = [[None if np.isnan(value) else float(value) for value in values] for values in scores.values()]
    order = sorted(
        (number for number, image in enumerate(images) if image['miou'] is not None),
        key=lambda number: images[number]['miou'],
    )
    return {
        'per_class': {
            'columns': ['class', *scores, 'pixels'],
            'rows': [list(row) for row in zip(classes, *columns, confusion.sum(axis=1).tolist(), strict=True)],
        },
        'confusion': {
            'columns': ['class', *classes],
            'rows': [[name, *row] for name, row in zip(classes, confusion.tolist(), strict=True)],
        },
        'worst_images': {
            'columns': ['path', 'miou', 'accuracy'],
            'rows': [[paths[n], images[n]['miou'], images[n]['accuracy']] for n in order[:WORST]],
        },
    }
