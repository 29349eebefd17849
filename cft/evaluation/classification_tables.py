"""Tables of a classifier's predictions, as :class:`cft.evaluation.Evaluation` holds them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .confusion import confusion_matrix, most_confident, per_class_scores

MISTAKES = 20


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
        ``per_class``: as of :func:`cft.evaluation.per_class_scores`; ``confusion``: numbers of images, a row for each
        true class and a column for each predicted one; ``worst_mistakes``: up to 20 images, the most confident first.

    Example:
        >>> scores = np.array([[0.9, 0.1], [0.75, 0.25], [0.2, 0.8]])
        >>> tables = classification_tables(scores, np.array([0, 1, 1]), ['cat', 'dog'], ['a.jpg', 'b.jpg', 'c.jpg'])
        >>> tables['confusion']['rows']
        [['cat', 1, 0], ['dog', 1, 1]]
        >>> tables['worst_mistakes']['rows']
        [['b.jpg', 'dog', 'cat', 0.75, 0.25]]
    """
    predicted = scores.argmax(axis=1)
    counts = confusion_matrix(labels, predicted, len(classes))
    worst = most_confident(scores, labels, MISTAKES)
    mistakes = [
        [paths[i], classes[labels[i]], classes[predicted[i]], float(scores[i].max()), float(scores[i, labels[i]])]
        for i in worst
    ]
    return {
        'per_class': per_class_scores(counts, classes),
        'confusion': {
            'columns': ['class', *classes],
            'rows': [[name, *row] for name, row in zip(classes, counts.tolist(), strict=True)],
        },
        'worst_mistakes': {
            'columns': ['path', 'class', 'predicted', 'confidence', 'score of the class'],
            'rows': mistakes,
        },
    }


def several_labels_table(scores: np.ndarray, present: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Scores of each class where an image has any number of labels.

    Args:
        scores: (N, C) in [0, 1]; a label is predicted from 0.5 on.
        present: (N, C) of 1, 0, and -1: the image is left out for the class.
        classes: C names.

    Returns:
        ``columns``: class, average precision, precision, recall, F1 (per cent; None where not defined) and support.

    Example:
        >>> several_labels_table(np.array([[0.9], [0.2]]), np.array([[1], [0]]), ['dog'])['rows']
        [['dog', 100.0, 100.0, 100.0, 100.0, 1]]
    """
    from sklearn.metrics import average_precision_score

    rows = []
    for label, name in enumerate(classes):
        counts = present[:, label] >= 0
        truth, score = present[counts, label].astype(int), scores[counts, label]
        found = (score >= 0.5).astype(int)
        binary = confusion_matrix(truth, found, 2)
        own = per_class_scores(binary, ['', name])['rows'][1]
        precision = 100 * float(average_precision_score(truth, score)) if truth.any() else None
        rows.append([name, precision, *own[1:]])
    return {'columns': ['class', 'average precision', 'precision', 'recall', 'f1', 'support'], 'rows': rows}
