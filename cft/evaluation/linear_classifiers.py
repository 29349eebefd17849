"""Accuracy of linear classifiers on frozen features: logistic regression and SVM."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cft.errors import ConfigError, DataError

from .feature_rows import checked_features, rows_by_class, unit_rows

# Weights of the squared norm beside the mean loss, the strongest first; each a tenth of the one before.
STRENGTHS = tuple(10.0**-exponent for exponent in range(7))
# Of the SVM, weights of the sum of losses; LIBLINEAR's own is 1.
COSTS = (0.01, 0.1, 1.0, 10.0)


def linear_probe_accuracy(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
    l2: float | None = None,
) -> float:
    """Accuracy of multinomial logistic regression on standardised features.

    Minimises the mean cross-entropy plus ``l2 / 2`` times the squared norm of
    the weights, the bias free, by L-BFGS to a gradient of 1e-5: an optimum,
    not a schedule. Features are shifted and scaled by the mean and standard
    deviation of each dimension over the training images.

    Args:
        train_features: (N, D).
        train_labels: (N,) integers of at least two classes.
        test_features: (M, D).
        test_labels: (M,) integers.
        l2: Above 0, or None: chosen by cross-entropy on a fifth of the
            training images (``held_out``), from the strongest of
            ``STRENGTHS`` on until it rises; the classifier is then fitted to
            all of them.

    Returns:
        Accuracy in per cent.

    Raises:
        ConfigError: If a given strength is not above 0.
        DataError: If training has one class, shapes differ, or a row is not finite.

    Example:
        >>> x, y = np.array([[0.], [1.], [4.], [5.]]), np.array([0, 0, 1, 1])
        >>> linear_probe_accuracy(x, y, x, y, l2=0.1)
        100.0
    """
    from sklearn.linear_model import LogisticRegression

    train, train_labels, test, test_labels = _checked(train_features, train_labels, test_features, test_labels)
    shift, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale <= 1e-12 * np.abs(shift)] = np.inf
    train, test = (train - shift) / scale, (test - shift) / scale

    def fitted(rows: np.ndarray, labels: np.ndarray, strength: float, start: Any = None) -> Any:
        model = LogisticRegression(C=1 / (strength * len(rows)), tol=1e-5, max_iter=5000, warm_start=True)
        if start is not None:
            model.coef_, model.intercept_, model.classes_ = start.coef_, start.intercept_, start.classes_
        return model.fit(rows, labels)

    def loss(model: Any, rows: np.ndarray, labels: np.ndarray) -> float:
        columns = np.searchsorted(model.classes_, labels)
        return -float(model.predict_log_proba(rows)[np.arange(len(rows)), columns].mean())

    l2 = _chosen(STRENGTHS, fitted, loss, train, train_labels) if l2 is None else _positive('l2', l2)
    return 100 * float(fitted(train, train_labels, l2).score(test, test_labels))


def linear_svm_accuracy(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
    cost: float | None = None,
) -> float:
    """Accuracy of a linear SVM, one class against the rest, on l2-normalised features.

    Minimises half the squared norm of the weights and bias plus ``cost``
    times the sum of squared hinges, in the primal (LIBLINEAR), so that no
    random order enters.

    Args:
        train_features: (N, D).
        train_labels: (N,) integers of at least two classes.
        test_features: (M, D).
        test_labels: (M,) integers.
        cost: Above 0, or None: chosen by errors on a fifth of the training
            images (``held_out``), from the smallest of ``COSTS`` on until they
            rise, the smallest of equal ones; the SVM is then fitted to all of
            them.

    Returns:
        Accuracy in per cent.

    Raises:
        ConfigError: If a given strength is not above 0.
        DataError: If training has one class, shapes differ, or a row is not finite.

    Example:
        >>> x, y = np.eye(2), np.arange(2)
        >>> linear_svm_accuracy(x, y, 3 * x, y, cost=1.0)
        100.0
    """
    from sklearn.svm import LinearSVC

    train, train_labels, test, test_labels = _checked(train_features, train_labels, test_features, test_labels)
    train, test = unit_rows(train), unit_rows(test)

    def fitted(rows: np.ndarray, labels: np.ndarray, cost: float, start: Any = None) -> Any:
        return LinearSVC(C=cost, dual=False, tol=1e-5, max_iter=10000).fit(rows, labels)

    def errors(model: Any, rows: np.ndarray, labels: np.ndarray) -> float:
        return float((model.predict(rows) != labels).sum())

    cost = _chosen(COSTS, fitted, errors, train, train_labels) if cost is None else _positive('cost', cost)
    return 100 * float(fitted(train, train_labels, cost).score(test, test_labels))


def held_out(features: np.ndarray, labels: np.ndarray, share: int = 5) -> np.ndarray:
    """Every ``share``-th image of each class, to choose a setting with.

    The images of a class are taken along one fixed direction of the feature
    space, so the choice doesn't depend on the order of rows, and hardly on
    rounding. A class of fewer than two images keeps its one.

    Args:
        features: (N, D).
        labels: (N,) integers.
        share: One of how many; of a class of fewer, one.

    Returns:
        (N,) True for the images held out.

    Example:
        >>> held_out(np.arange(5.0)[:, None], np.array([0, 0, 0, 0, 1])).sum()
        np.int64(1)
    """
    direction = np.random.default_rng(0).standard_normal(features.shape[1])
    chosen = np.zeros(len(labels), dtype=bool)
    for rows in rows_by_class(labels)[1]:
        if len(rows) > 1:
            step = min(share, len(rows))
            along = rows[np.argsort(features[rows] @ direction, kind='stable')]
            chosen[along[step // 2 :: step]] = True
    return chosen


def _checked(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    train, train_labels = checked_features(train, train_labels)
    test, test_labels = checked_features(test, test_labels)
    if train.shape[1] != test.shape[1]:
        raise DataError(f'training features of {train.shape[1]} numbers beside test features of {test.shape[1]}')
    if len(np.unique(train_labels)) < 2:
        raise DataError('a linear classifier needs training images of two classes; there is one')
    return np.asarray(train, np.float64), train_labels, np.asarray(test, np.float64), test_labels


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise ConfigError(f'{name} of a linear classifier is above 0, not {value}')
    return value


def _chosen(
    settings: Sequence[float],
    fitted: Callable[..., Any],
    loss: Callable[[Any, np.ndarray, np.ndarray], float],
    rows: np.ndarray,
    labels: np.ndarray,
) -> float:
    """The first setting of the lowest validation loss, before it rises."""
    out = held_out(rows, labels)
    if not out.any():
        raise DataError('no class has two training images, so no strength can be chosen: give l2 or cost')
    best, lowest, model = settings[0], float('inf'), None
    for setting in settings:
        model = fitted(rows[~out], labels[~out], setting, model)
        found = loss(model, rows[out], labels[out])
        if found > lowest:
            break
        if found < lowest:
            best, lowest = setting, found
    return best
