"""Logistic regression on frozen features of a whole data set: the many-shot protocol of linear transfer.

SCE's table 9 follows Ericsson et al. (CVPR 2021) and BYOL (appendix D), after Kornblith et al. (CVPR 2019): features
as they are, L-BFGS, the weight decay that is best on held-out training images among 45 between 1e-6 and 1e5, then a
classifier of all training images.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cft.errors import DataError

from .average_precisions import average_precisions
from .confusion import mean_per_class_accuracy
from .feature_rows import checked_features
from .linear_classifiers import held_out

# Of half the squared norm of the weights, beside the sum of the losses; the strongest first.
WEIGHT_DECAYS = tuple(np.logspace(5, -6, 45).tolist())


def many_shot_accuracy(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray, per_class: bool = False
) -> float:
    """Accuracy of multinomial logistic regression; its weight decay is the best by the same measure.

    Of weight decays that are equally good the strongest is taken. A fifth of
    each class is held out to choose it.

    Args:
        train: (M, D) features.
        train_labels: (M,) integers of at least two classes.
        test: (N, D).
        test_labels: (N,) integers.
        per_class: Mean over the classes of their own accuracies.

    Returns:
        In per cent.

    Raises:
        DataError: If training has one class, or no class two images, or a row is not finite.

    Example:
        >>> x, y = np.array([[0.], [1.], [4.], [5.]]), np.array([0, 0, 1, 1])
        >>> many_shot_accuracy(x, y, x, y)
        100.0
    """
    train, train_labels = checked_features(train, train_labels)
    test, test_labels = checked_features(test, test_labels)

    def score(models: Sequence[Any], rows: np.ndarray, labels: np.ndarray) -> float:
        predicted = models[0].predict(rows)
        return mean_per_class_accuracy(labels, predicted) if per_class else 100 * float((predicted == labels).mean())

    out = held_out(train, train_labels)
    return _chosen_and_fitted(train, train_labels[:, None], out, test, test_labels, score)


def many_shot_map(train: np.ndarray, train_present: np.ndarray, test: np.ndarray, test_present: np.ndarray) -> float:
    """Eleven-point mAP of a logistic regression for each class, all of one weight decay; VOC 2007.

    A class that no test image shows does not count. Every fifth image along one
    direction is held out to choose the weight decay.

    Args:
        train: (M, D) features.
        train_present: (M, C) of 1, 0, and -1: the image is left out for the class, as VOC's difficult objects are.
        test: (N, D).
        test_present: (N, C) likewise.

    Returns:
        In per cent.

    Raises:
        DataError: If a class that test images show is in no training image, or in all of them.

    Example:
        >>> x, y = np.eye(4)[[0, 1, 2, 3] * 5], np.eye(4, dtype=int)[[0, 1, 2, 3] * 5]
        >>> many_shot_map(x, y, x, y)
        100.0
    """
    train, _ = checked_features(train)
    test, _ = checked_features(test)
    judged = (test_present == 1).any(axis=0)
    if not judged.any():
        raise DataError('no test image has a label, so no average precision is defined')

    def score(models: Sequence[Any], rows: np.ndarray, present: np.ndarray) -> float:
        scores = np.stack([model.decision_function(rows) for model in models], axis=1)
        return 100 * float(np.nanmean(average_precisions(scores, present, eleven_points=True)))

    out = held_out(train, np.zeros(len(train), dtype=np.int64))
    return _chosen_and_fitted(train, train_present[:, judged], out, test, test_present[:, judged], score)


def _chosen_and_fitted(
    train: np.ndarray,
    labels: np.ndarray,
    out: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    score: Callable[[Sequence[Any], np.ndarray, np.ndarray], float],
) -> float:
    """The test score of classifiers of all training images, one for each column of labels."""
    train, test = np.asarray(train, np.float64), np.asarray(test, np.float64)
    if not out.any():
        raise DataError('no class has two training images, so no weight decay can be chosen')
    truth = labels[out] if test_labels.ndim > 1 else labels[out, 0]
    models = [_model() for _ in labels.T]
    scores = []
    for decay in WEIGHT_DECAYS:
        _fit(models, decay, train[~out], labels[~out])
        scores.append(score(models, train[out], truth))
    models = [_model() for _ in labels.T]
    _fit(models, WEIGHT_DECAYS[int(np.argmax(scores))], train, labels)
    return score(models, test, test_labels)


def _model() -> Any:
    from sklearn.linear_model import LogisticRegression

    # From one weight decay to the next the weights change little.
    return LogisticRegression(tol=1e-5, max_iter=5000, warm_start=True)


def _fit(models: Sequence[Any], decay: float, rows: np.ndarray, labels: np.ndarray) -> None:
    for number, (model, column) in enumerate(zip(models, labels.T, strict=True)):
        counts = column >= 0
        if len(np.unique(column[counts])) < 2:
            raise DataError(
                'logistic regression needs training images of two classes'
                if len(models) == 1
                else f'column {number} of the labels needs training images with the label and others without it'
            )
        model.set_params(C=1 / decay).fit(rows[counts], column[counts])
