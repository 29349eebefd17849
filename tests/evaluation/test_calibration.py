"""Calibration, confusion, confidence and AUROC against torchmetrics, scikit-learn and loops."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import brier_score_loss, log_loss, precision_recall_fscore_support, roc_auc_score
from sklearn.metrics import confusion_matrix as sklearn_confusion
from torchmetrics.functional.classification import multiclass_calibration_error

from cft.errors import DataError
from cft.evaluation import (
    calibration_scores,
    confidence_scores,
    confusion_matrix,
    most_confident,
    neighbour_scores,
    ood_auroc,
    per_class_scores,
)


def predictions(count: int, classes: int, seed: int, sharpness: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    scores = np.exp(sharpness * (rng.standard_normal((count, classes)) + np.eye(classes)[labels]))
    return scores / scores.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize('bins', [1, 15, 40])
@pytest.mark.parametrize('classes', [2, 10])
def test_scores_equal_other_libraries(classes: int, bins: int) -> None:
    probabilities, labels = predictions(500, classes, seed=bins)
    found = calibration_scores(probabilities, labels, bins)
    peer = multiclass_calibration_error(
        torch.tensor(probabilities), torch.tensor(labels), num_classes=classes, n_bins=bins, norm='l1'
    )
    assert found['ece'] == pytest.approx(float(peer), rel=1e-5)
    assert found['nll'] == pytest.approx(log_loss(labels, probabilities), rel=1e-9)
    # Defined by Brier over both classes, by scikit-learn over one of two.
    one_by_one = [brier_score_loss(labels == c, probabilities[:, c]) for c in range(classes)]
    assert found['brier'] == pytest.approx(sum(one_by_one), rel=1e-9)
    assert 0.01 < found['ece'] < 0.9


def test_ece_takes_a_confidence_at_an_edge_down_and_one_into_the_last_bin() -> None:
    """Guo et al.: bins are open below; 4 bins, 0.75 lies in the third with 0.6, 1.0 in the last with 0.8."""
    confidence = np.array([0.75, 0.6, 1.0, 0.8])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    found = calibration_scores(probabilities, np.array([0, 1, 0, 1]), bins=4)
    assert found['ece'] == pytest.approx((abs(0.75 + 0.6 - 1) + abs(1.0 + 0.8 - 1)) / 4)


def test_certain_and_wrong_is_finite() -> None:
    found = calibration_scores(np.array([[1.0, 0.0]], dtype=np.float32), np.array([1]))
    assert found['ece'] == 1
    assert found['brier'] == 2
    assert found['nll'] == pytest.approx(126 * math.log(2))


def test_half_precision_sums_are_probabilities() -> None:
    probabilities, labels = predictions(200, 100, seed=0)
    exact = calibration_scores(probabilities, labels)
    assert calibration_scores(probabilities.astype(np.float16), labels) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize(
    ('probabilities', 'labels', 'message'),
    [
        (np.array([[3.0, -2.0], [0.5, 0.5]]), [0, 1], '1 of 2 rows are no probabilities'),
        (np.array([[0.5, 0.4], [0.5, 0.6]]), [0, 1], '2 of 2 rows are no probabilities'),
        (np.array([[0.5, np.nan], [0.5, 0.5]]), [0, 1], '1 of 2 rows .* not finite'),
        (np.array([[0.5, 0.5]]), [2], 'labels 2 to 2 do not fit probabilities of 2 classes'),
        (np.array([[0.5, 0.5]]), [-1], 'labels -1 to -1'),
        (np.zeros((0, 2)), [], 'at least one image'),
    ],
)
def test_what_is_no_probability(probabilities: np.ndarray, labels: list[int], message: str) -> None:
    for measured in (calibration_scores, lambda *both: most_confident(*both, count=1)):
        with pytest.raises(DataError, match=message):
            measured(probabilities, np.array(labels, dtype=int))


def test_confusion_and_table_equal_scikit_learn() -> None:
    probabilities, labels = predictions(300, 6, seed=0, sharpness=1.0)
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(labels, predicted, 6)
    assert confusion.tolist() == sklearn_confusion(labels, predicted).tolist()
    table = per_class_scores(confusion, list('abcdef'))
    assert table['columns'] == ['class', 'precision', 'recall', 'f1', 'support']
    expected = precision_recall_fscore_support(labels, predicted)
    for row, name, precision, recall, f1, support in zip(table['rows'], 'abcdef', *expected, strict=True):
        assert row == [name, *(pytest.approx(100 * value) for value in (precision, recall, f1)), support]


def test_classes_without_images_or_predictions() -> None:
    """0 is never predicted, 1 has no images, 2 neither."""
    rows = per_class_scores(confusion_matrix(np.array([0, 0]), np.array([1, 1]), 3), ['a', 'b', 'c'])['rows']
    assert rows == [['a', None, 0.0, 0.0, 2], ['b', 0.0, None, 0.0, 0], ['c', None, None, None, 0]]
    assert confusion_matrix(np.zeros(0, dtype=int), np.zeros(0, dtype=int), 2).tolist() == [[0, 0], [0, 0]]


def test_wrong_confusions() -> None:
    with pytest.raises(DataError, match='prediction 3 is none of 3 classes'):
        confusion_matrix(np.array([0]), np.array([3]), 3)
    with pytest.raises(DataError, match='label -1 is none'):
        confusion_matrix(np.array([-1]), np.array([0]), 3)
    with pytest.raises(DataError, match='labels of shape'):
        confusion_matrix(np.array([0, 1]), np.array([0]), 3)
    with pytest.raises(DataError, match='1 class names'):
        per_class_scores(np.zeros((2, 2), dtype=int), ['a'])


@pytest.mark.parametrize('correct', [False, True])
def test_most_confident_equals_sorting(correct: bool) -> None:
    probabilities, labels = predictions(100, 5, seed=1, sharpness=1.0)
    rows = [i for i in range(100) if (int(probabilities[i].argmax()) == labels[i]) == correct]
    expected = sorted(rows, key=lambda i: -probabilities[i].max())
    assert most_confident(probabilities, labels, 1000, correct).tolist() == expected
    assert most_confident(probabilities, labels, 3, correct).tolist() == expected[:3]
    assert len(expected) > 10


def test_equally_confident_mistakes() -> None:
    """The own class less probable first, then the earlier row."""
    probabilities = np.array([[0.5, 0.3, 0.2], [0.5, 0.2, 0.3], [0.2, 0.3, 0.5]])
    assert most_confident(probabilities, np.array([1, 1, 0]), 3).tolist() == [1, 2, 0]


@pytest.mark.parametrize('digits', [1, 6])
def test_auroc_equals_scikit_learn(digits: int) -> None:
    """With one digit, most scores tie."""
    rng = np.random.default_rng(digits)
    inside, outside = np.round(rng.normal(0.5, 1, 200), digits), np.round(rng.normal(0, 1, 90), digits)
    expected = roc_auc_score(np.repeat([1, 0], [200, 90]), np.concatenate([inside, outside]))
    assert ood_auroc(inside, outside) == pytest.approx(expected, rel=1e-12)
    assert ood_auroc(outside, inside) == pytest.approx(1 - expected, rel=1e-12)


def test_auroc_at_the_ends() -> None:
    assert ood_auroc(np.array([2.0, 3.0]), np.array([1.0])) == 1
    assert ood_auroc(np.ones(4), np.ones(3)) == 0.5
    with pytest.raises(DataError, match='there are 2 and 0'):
        ood_auroc(np.ones(2), np.zeros(0))
    with pytest.raises(DataError, match='1 of 4 scores are NaN'):
        ood_auroc(np.array([0.0, np.nan]), np.ones(2))


@pytest.mark.parametrize('block', [1, 4, None])
def test_neighbour_scores_equal_scikit_learn(block: int | None) -> None:
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(0)
    features, train = rng.standard_normal((9, 5)), rng.standard_normal((30, 5))
    for k in (1, 7, 30, 50):
        search = NearestNeighbors(n_neighbors=min(k, 30), metric='cosine').fit(train)
        expected = 1 - search.kneighbors(features)[0][:, -1]
        assert neighbour_scores(features, train, k, block).tolist() == pytest.approx(expected.tolist(), abs=1e-12)


def test_confidence_scores_and_widths() -> None:
    assert confidence_scores(np.array([[0.2, 0.8], [0.6, 0.4]])).tolist() == [0.8, 0.6]
    with pytest.raises(DataError, match='3 wide beside training features 2 wide'):
        neighbour_scores(np.eye(3), np.eye(2))
