"""Which classes are taken for which, and how sure the model was."""

from collections.abc import Sequence

import numpy as np

from cft.errors import DataError

from .calibration import checked_probabilities


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Count images by their class and the predicted one.

    Args:
        labels: (N,) integers in [0, num_classes).
        predictions: (N,) the same.
        num_classes: C.

    Returns:
        (C, C) integers; row: class of the image, column: predicted.

    Raises:
        DataError: If the two differ in length or a number is no class.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise DataError(f'labels of shape {labels.shape} beside predictions of shape {predictions.shape}')
    for name, numbers in (('label', labels), ('prediction', predictions)):
        wrong = (numbers < 0) | (numbers >= num_classes)
        if wrong.any():
            raise DataError(f'{name} {numbers[wrong][0]} is none of {num_classes} classes')
    pairs = labels.astype(np.int64) * num_classes + predictions.astype(np.int64)
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def mean_per_class_accuracy(labels: np.ndarray, predictions: np.ndarray) -> float:
    """Mean over the classes of the accuracy on the images of each; classes without images do not count.

    Args:
        labels: (N,) integers, at least one.
        predictions: (N,) the same.

    Returns:
        In per cent.

    Example:
        >>> mean_per_class_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
        50.0
    """
    return 100 * float(np.mean([(predictions[labels == label] == label).mean() for label in np.unique(labels)]))


def per_class_scores(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, list]:
    """Precision, recall and F1 of each class.

    Args:
        confusion: (C, C) counts; row: class of the image, column: predicted.
        classes: C names.

    Returns:
        ``columns``: ``class``, ``precision``, ``recall``, ``f1`` (per cent)
        and ``support``, the class's images; ``rows``: one list a class. None
        where a ratio is 0 / 0: precision of a class that is never predicted,
        recall of one without images, F1 of one with neither.

    Raises:
        DataError: If the names are not as many as the classes.

    Example:
        >>> per_class_scores(np.array([[1, 1], [0, 2]]), ['cat', 'dog'])['rows'][0]
        ['cat', 100.0, 50.0, 66.66666666666667, 2]
    """
    confusion = np.asarray(confusion)
    if confusion.shape != (len(classes), len(classes)):
        raise DataError(f'{len(classes)} class names for a confusion matrix of shape {confusion.shape}')

    def percent(part: np.int64, whole: np.int64) -> float | None:
        return 100 * float(part) / float(whole) if whole else None

    return {
        'columns': ['class', 'precision', 'recall', 'f1', 'support'],
        'rows': [
            [name, percent(hit, predicted), percent(hit, support), percent(2 * hit, predicted + support), int(support)]
            for name, hit, predicted, support in zip(
                classes, np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1), strict=True
            )
        ],
    }


def most_confident(probabilities: np.ndarray, labels: np.ndarray, count: int, correct: bool = False) -> np.ndarray:
    """Images that the model was surest of, wrongly (the worst mistakes) or rightly.

    Args:
        probabilities: (N, C), rows sum to 1.
        labels: (N,) integers in [0, C).
        count: How many at most.
        correct: Whether those predicted rightly are wanted.

    Returns:
        Row numbers, the most confident first; of equally confident ones the
        one whose own class is less probable, then the earlier row.

    Raises:
        DataError: If they are no probabilities, or a label has no column.

    Example:
        >>> most_confident(np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]]), np.array([1, 1, 0]), count=5).tolist()
        [0, 1]
    """
    probabilities, labels = checked_probabilities(probabilities, labels)
    wanted = np.flatnonzero((probabilities.argmax(axis=1) == labels) == correct)
    own = probabilities[wanted, labels[wanted]]
    order = np.lexsort((wanted, own, -probabilities[wanted].max(axis=1)))
    return wanted[order[:count]]
