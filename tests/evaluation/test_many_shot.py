"""The many-shot protocol against fits from zero for each weight decay, and scipy's minimum of the objective."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

import cft.evaluation.many_shot as many_shot
from cft.errors import DataError
from cft.evaluation import many_shot_accuracy, many_shot_map, mean_per_class_accuracy
from cft.evaluation.linear_classifiers import held_out
from cft.evaluation.many_shot import WEIGHT_DECAYS
from tests.evaluation.test_voc07_svm import by_recalls, drawn


def rows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three classes, one of them rare."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    return 1.2 * np.random.default_rng(9).standard_normal((3, 4))[labels] + rng.standard_normal((count, 4)), labels


def test_grid() -> None:
    """SimCLR's and BYOL's: 45 values between 1e-6 and 1e5, the strongest first."""
    ratios = np.array(WEIGHT_DECAYS[:-1]) / WEIGHT_DECAYS[1:]
    assert len(WEIGHT_DECAYS) == 45 and WEIGHT_DECAYS[0] == pytest.approx(1e5)
    assert WEIGHT_DECAYS[-1] == pytest.approx(1e-6) and ratios == pytest.approx(ratios[0])


def fresh(decay: float, features: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    return LogisticRegression(C=1 / decay, tol=1e-6, max_iter=5000).fit(features, labels)


def per_class(labels: np.ndarray, predicted: np.ndarray) -> float:
    shares = []
    for label in sorted(set(labels.tolist())):
        own = [guess for guess, truth in zip(predicted, labels, strict=True) if truth == label]
        shares.append(sum(guess == label for guess in own) / len(own))
    return 100 * sum(shares) / len(shares)


def whole(labels: np.ndarray, predicted: np.ndarray) -> float:
    return 100 * sum(a == b for a, b in zip(labels, predicted, strict=True)) / len(labels)


@pytest.mark.parametrize('mean', [False, True])
def test_accuracy_equals_fits_from_zero(mean: bool) -> None:
    train, labels = rows(90, seed=0)
    test, truth = rows(200, seed=1)
    score = per_class if mean else whole
    out = held_out(train, labels)
    best, highest = 0.0, -1.0
    for decay in WEIGHT_DECAYS:
        found = score(labels[out], fresh(decay, train[~out], labels[~out]).predict(train[out]))
        if found > highest:
            best, highest = decay, found
    expected = score(truth, fresh(best, train, labels).predict(test))
    assert many_shot_accuracy(train, labels, test, truth, per_class=mean) == pytest.approx(expected)


def test_map_equals_fits_from_zero() -> None:
    train, present = drawn(60, seed=0)
    test, truth = drawn(50, seed=1)
    present[:4, 1] = truth[:6, 2] = -1
    out = held_out(train, np.zeros(60, dtype=int))

    def score(decay: float, fitted: np.ndarray, judged: np.ndarray, labels: np.ndarray) -> float:
        values = []
        for label in range(3):
            counts = fitted & (present[:, label] >= 0)
            scores = fresh(decay, train[counts], present[counts, label]).decision_function(judged)
            known = labels[:, label] >= 0
            values.append(by_recalls(scores[known], labels[known, label]))
        return 100 * sum(values) / 3

    on_held_out = [score(decay, ~out, train[out], present[out]) for decay in WEIGHT_DECAYS]
    best = WEIGHT_DECAYS[int(np.argmax(np.round(on_held_out, 9)))]
    expected = score(best, np.ones(60, dtype=bool), test, truth)
    assert many_shot_map(train, present, test, truth) == pytest.approx(expected)


def test_weight_decay_is_beside_the_sum_of_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of half the squared norm; the bias is free."""
    features, labels = rows(40, seed=2)

    def objective(flat: np.ndarray, decay: float) -> float:
        weights, bias = flat[:12].reshape(3, 4), flat[12:]
        logits = features @ weights.T + bias
        losses = logsumexp(logits, axis=1) - logits[np.arange(40), labels]
        return float(losses.sum() + decay / 2 * (weights**2).sum())

    models = [many_shot._model()]
    many_shot._fit(models, 0.5, features, labels[:, None])
    found = np.concatenate([models[0].coef_.ravel(), models[0].intercept_])
    assert objective(found, 0.5) == pytest.approx(minimize(objective, np.zeros(15), (0.5,)).fun, rel=1e-6)


def test_mean_per_class_accuracy() -> None:
    labels, predicted = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 2])
    assert mean_per_class_accuracy(labels, predicted) == pytest.approx(100 * (2 / 3 + 1) / 2)
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 5, 60), rng.integers(0, 5, 60)
    assert mean_per_class_accuracy(labels, predicted) == pytest.approx(per_class(labels, predicted))


def test_what_says_nothing() -> None:
    train, present = drawn(30, seed=0)
    one = np.zeros(30, dtype=int)
    with pytest.raises(DataError, match='training images of two classes'):
        many_shot_accuracy(train, one, train, one)
    with pytest.raises(DataError, match='no class has two training images'):
        many_shot_accuracy(train[:2], np.array([0, 1]), train, one)
    with pytest.raises(DataError, match='column 1 of the labels needs training images with the label and others'):
        many_shot_map(train, present * [1, 0, 1], train, present)
    with pytest.raises(DataError, match='no test image has a label'):
        many_shot_map(train, present, train, 0 * present)
