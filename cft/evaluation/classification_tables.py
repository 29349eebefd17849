"""Tables of a classifier's predictions, as :class:`cft.evaluation.Evaluation` holds them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

MISTAKES = 20


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Per cent of the rows of scores (N, C) that are largest at their label (N,).

    Example:
        >>> accuracy(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1]))
        50.0
    """
    return 100 * float(np.mean(scores.argmax(axis=1) == labels))


def classification_tables(
    scores: np.ndarray, labels: np.ndarray, classes: Sequence[str], paths: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Per-class scores, the confusion matrix and the most confident mistakes.

    Args:
        scores: (N, C) probabilities.
        labels: (N,) class indices.
        classes: C names.
        paths: N names of the images.

    Returns:
        ``per_class``: precision, recall and F1 in per cent (None where a class is never predicted, or has no image)
        and support; ``confusion``: numbers of images, a row for each true class and a column for each predicted one;
        ``worst_mistakes``: up to 20 images, the most confident first.

    Example:
        >>> scores = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
        >>> tables = classification_tables(scores, np.array([0, 1, 1]), ['cat', 'dog'], ['a.jpg', 'b.jpg', 'c.jpg'])
        >>> tables['confusion']['rows']
        [['cat', 1, 0], ['dog', 1, 1]]
        >>> tables['worst_mistakes']['rows']
        [['b.jpg', 'dog', 'cat', 0.6, 0.4]]
    """
    return {
        'per_class': _per_class(scores.argmax(axis=1), labels, classes),
        'confusion': _confusion(scores.argmax(axis=1), labels, classes),
        'worst_mistakes': _worst_mistakes(scores, labels, classes, paths),
    }


def _worst_mistakes(
    scores: np.ndarray, labels: np.ndarray, classes: Sequence[str], paths: Sequence[str]
) -> dict[str, Any]:
    predicted, confidence = scores.argmax(axis=1), scores.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    worst = wrong[np.argsort(-confidence[wrong], kind='stable')][:MISTAKES]
    rows = [
        [paths[i], classes[labels[i]], classes[predicted[i]], float(confidence[i]), float(scores[i, labels[i]])]
        for i in worst
    ]
    return {'columns': ['path', 'class', 'predicted', 'confidence', 'score of the class'], 'rows': rows}


def _confusion(predicted: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    counts = np.bincount(len(classes) * labels + predicted, minlength=len(classes) ** 2).reshape(len(classes), -1)
    rows = [[name, *row] for name, row in zip(classes, counts.tolist(), strict=True)]
    return {'columns': ['class', *classes], 'rows': rows}


def _per_class(predicted: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    rows = []
    for label, name in enumerate(classes):
        right = int(np.sum((predicted == label) & (labels == label)))
        support, found = int(np.sum(labels == label)), int(np.sum(predicted == label))
        row = [100 * right / found if found else None, 100 * right / support if support else None]
        row.append(200 * right / (found + support) if found + support else None)
        rows.append([name, *row, support])
    return {'columns': ['class', 'precision', 'recall', 'f1', 'support'], 'rows': rows}
