"""The SVM protocol of VOC 2007: its mAP on hand-made cases, its choice of cost against loops, its draws."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score

import cft.evaluation.voc07_svm as voc07_svm
from cft.errors import DataError
from cft.evaluation import MEASURES, PROTOCOLS, low_shot_rows, measure, svm_maps
from cft.evaluation.average_precisions import interpolated_precision
from cft.evaluation.voc07_svm import COST_OF_FEW, COSTS, chosen_cost, svm


def drawn(count: int, seed: int, noise: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Images with up to three labels, each of which adds a direction of its own to the features."""
    rng = np.random.default_rng(seed)
    present = (rng.random((count, 3)) < 0.4).astype(int)
    directions = np.random.default_rng(9).standard_normal((3, 5))
    return 3 + present @ directions + noise * rng.standard_normal((count, 5)), present


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_recalls(scores: np.ndarray, present: np.ndarray) -> float:
    """VOC 2007's development kit: at each of 11 recalls the best precision of the ranks that reach it."""
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    hits, points = 0, []
    for rank, index in enumerate(order, 1):
        hits += int(present[index])
        points.append((hits / present.sum(), hits / rank))
    return sum(max((p for r, p in points if r >= level / 10 - 1e-12), default=0.0) for level in range(11)) / 11


def by_area(scores: np.ndarray, present: np.ndarray) -> float:
    """The development kits since 2010: the precision never falls towards lower recalls; its area."""
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    hits, points = 0, []
    for rank, index in enumerate(order, 1):
        hits += int(present[index])
        points.append((hits / present.sum(), hits / rank))
    area, before = 0.0, 0.0
    for place, (recall, _) in enumerate(points):
        area += (recall - before) * max(precision for _, precision in points[place:])
        before = recall
    return area


def one_class(order: str) -> np.ndarray:
    """Labels of images as a classifier ranks them, ``+`` or ``-``."""
    return np.array([int(sign == '+') for sign in order])


@pytest.mark.parametrize(
    ('order', 'eleven_points', 'area'),
    [
        ('++--', 1.0, 1.0),
        # Recall 1/2 at precision 1, recall 1 at 2/3: levels 0 to 0.5, then 0.6 to 1.
        ('+-+-', (6 + 5 * 2 / 3) / 11, 0.5 + 0.5 * 2 / 3),
        # Precision 1/2 at recall 1/2, 1/2 at recall 1.
        ('-+-+', 0.5, 0.5),
        ('--+-', 1 / 3, 1 / 3),
        # Ten positives: each recall of k / 10 is reached exactly.
        ('+' * 9 + '-' * 9 + '+', (10 + 10 / 19) / 11, 0.9 + 0.1 * 10 / 19),
    ],
)
def test_map_of_hand_made_rankings(order: str, eleven_points: float, area: float) -> None:
    """One feature ranks the test images; training images make the SVM follow it."""
    truth = one_class(order)
    angles = np.linspace(0.1, 1.4, len(truth))
    test = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    train = np.array([[1.0, 0.0], [0.0, 1.0]])
    found = svm_maps(train, np.array([[1], [0]]), test, truth[:, None])
    assert found == pytest.approx((100 * eleven_points, 100 * area))
    scores = -angles
    assert (by_recalls(scores, truth), by_area(scores, truth)) == pytest.approx((eleven_points, area))


def test_maps_equal_loops_over_classes() -> None:
    train, train_present = drawn(60, seed=0)
    test, test_present = drawn(50, seed=1)
    train_present[:5, 1] = test_present[:7, 2] = -1
    found = [[], []]
    for label in range(3):
        counts = train_present[:, label] >= 0
        rows, labels = unit(train)[counts], train_present[counts, label]
        scores = svm(loop_cost(rows, labels)).fit(rows, labels).decision_function(unit(test))
        judged = test_present[:, label] >= 0
        for values, form in zip(found, (by_recalls, by_area), strict=True):
            values.append(form(scores[judged], test_present[judged, label]))
    assert svm_maps(train, train_present, test, test_present) == pytest.approx(100 * np.mean(found, axis=1))


def loop_cost(rows: np.ndarray, labels: np.ndarray) -> float:
    """Images of each class go to three folds in parts of equal size, in their order; the first best cost."""
    fold = np.zeros(len(labels), dtype=int)
    for label in (0, 1):
        # scikit-learn's StratifiedKFold: which fold an image is in, by how many of all labels come to each.
        places = np.flatnonzero(labels == label)
        shares = [int((np.sort(labels)[part::3] == label).sum()) for part in range(3)]
        fold[places] = np.repeat(range(3), shares)
    best, highest = 0.0, -1.0
    for cost in COSTS:
        precisions = []
        for part in range(3):
            model = svm(cost).fit(rows[fold != part], labels[fold != part])
            precisions.append(
                average_precision_score(labels[fold == part], model.decision_function(rows[fold == part]))
            )
        if np.mean(precisions) > highest:
            best, highest = cost, float(np.mean(precisions))
    return best


@pytest.mark.parametrize('seed', range(3))
def test_cost_is_chosen_by_three_folds(seed: int) -> None:
    features, present = drawn(45, seed, noise=3.0)
    labels = present[:, 0]
    # The folds of scikit-learn go by the order in which labels occur.
    order = np.argsort(labels, kind='stable')
    rows, labels = unit(features)[order], labels[order]
    assert chosen_cost(rows, labels) == loop_cost(rows, labels)


def test_svm_is_the_minimum_with_positives_weighted_twice() -> None:
    features, present = drawn(40, seed=3)
    rows, labels = unit(features), present[:, 0]

    def objective(weights: np.ndarray) -> float:
        total = 0.5 * float(weights @ weights)
        for row, label in zip(rows, labels, strict=True):
            margin = (1 if label else -1) * (weights[:-1] @ row + weights[-1])
            total += 5.0 * (2 if label else 1) * max(0.0, 1 - margin) ** 2
        return total

    model = svm(5.0).fit(rows, labels)
    found = np.append(model.coef_[0], model.intercept_)
    assert objective(found) <= minimize(objective, np.zeros(6)).fun * (1 + 1e-4)


def test_draws() -> None:
    present = drawn(200, seed=4)[1]
    present[present.sum(axis=1) == 0, 0] = -1
    few, more, other = (low_shot_rows(present, *key) for key in ((4, 0), (16, 0), (4, 1)))
    assert set(few) < set(more) and set(few) != set(other)
    assert ((present[few] == 1).sum(axis=0) >= 4).all() and len(few) <= 12 and len(set(few)) == len(few)
    assert (present[few] == 1).any(axis=1).all()
    with pytest.raises(DataError, match='class 1 has 2 training images, not the 4 that are drawn'):
        low_shot_rows(np.array([[1, 0], [1, 1], [1, 1], [1, 0]]), 4, 0)


def test_images_that_are_too_few_to_be_divided() -> None:
    features, present = drawn(9, seed=5)
    present[:, 0] = [1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert chosen_cost(unit(features), present[:, 0]) == COST_OF_FEW


def test_classes_that_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voc07_svm, 'COSTS', (0.1, 1.0))
    train, train_present = drawn(30, seed=0)
    test, test_present = drawn(30, seed=1)
    whole = svm_maps(train, train_present, test, test_present)
    nowhere = np.zeros((30, 1), dtype=int)
    wider = (np.hstack([train_present, nowhere]), np.hstack([test_present, nowhere]))
    assert svm_maps(train, wider[0], test, wider[1]) == whole
    with pytest.raises(DataError, match='class 3 needs training images that show it and others that do not'):
        svm_maps(train, wider[0], test, np.hstack([test_present, nowhere + 1]))
    with pytest.raises(DataError, match='no test image has a label'):
        svm_maps(train, train_present, test, 0 * test_present)


def test_measures_are_means_and_deviations_of_five_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voc07_svm, 'COSTS', (0.1, 1.0))
    train, train_present = drawn(60, seed=0)
    test, test_present = drawn(50, seed=1)
    none = np.zeros(60, dtype=int)
    names = ['voc07_svm/full', 'voc07_svm/k4', 'voc07_svm/k4_std', 'voc07_svm_area/k4']
    material = dict(train=(train, none), train_present=train_present, present=test_present)
    found = measure(names, test, none[:50], **material)
    rows = [low_shot_rows(train_present, 4, draw) for draw in range(5)]
    each = np.array([svm_maps(train[part], train_present[part], test, test_present) for part in rows])
    expected = [svm_maps(train, train_present, test, test_present)[0], *each.mean(axis=0)]
    deviation = np.sqrt(((each[:, 0] - each[:, 0].mean()) ** 2).sum() / 4)
    assert list(found.values()) == pytest.approx([expected[0], expected[1], deviation, expected[2]])
    assert not set(PROTOCOLS) & set(MEASURES)


def test_area_of_equal_scores() -> None:
    """They count together."""
    assert interpolated_precision(np.array([1, 0, 1, 0]), np.full(4, 0.5)) == 0.5
