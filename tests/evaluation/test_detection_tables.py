"""Tables of boxes against a matching by hand."""

import numpy as np
import pytest

from cft.evaluation.detection_tables import Boxes, detection_tables

CLASSES = ['cat', 'dog', 'fox']


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    both = sides.prod()
    return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def scene(seed: int) -> tuple[Boxes, Boxes]:
    """Objects, and boxes near most of them and at random."""
    generator = np.random.default_rng(seed)
    number = generator.integers(1, 5)
    corners = generator.uniform(0, 60, (number, 2))
    corners = np.hstack([corners, corners + generator.uniform(10, 40, (number, 2))])
    labels = generator.integers(0, 2, number)
    near = corners + generator.normal(0, 3, corners.shape)
    told = np.vstack([near, [[0, 0, 30, 30]]])
    return Boxes(corners, labels), Boxes(told, np.append(labels, seed % 3), generator.uniform(0.05, 1, number + 1))


@pytest.fixture(scope='module')
def scenes() -> list[tuple[Boxes, Boxes]]:
    return [scene(seed) for seed in range(12)]


def test_counts_equal_a_matching_by_hand(scenes: list[tuple[Boxes, Boxes]]) -> None:
    """Greedy by score at IoU 0.5, of boxes with a score from 0.3 on."""
    tables, images = detection_tables(*map(list, zip(*scenes, strict=True)), CLASSES, [f'{i}' for i in range(12)])
    total = np.zeros((3, 3), dtype=int)
    for (objects, told), image in zip(scenes, images, strict=True):
        own = np.zeros((3, 3), dtype=int)
        for label in range(3):
            left = [i for i in range(len(objects.labels)) if objects.labels[i] == label]
            own[label, 1] = len(left)
            for index in np.argsort(-told.scores, kind='stable'):
                if told.labels[index] != label or told.scores[index] < 0.3:
                    continue
                overlaps = [overlap(told.corners[index], objects.corners[i]) for i in left]
                if overlaps and max(overlaps) >= 0.5:
                    left.pop(int(np.argmax(overlaps)))
                    own[label, 0] += 1
                else:
                    own[label, 2] += 1
            own[label, 1] -= own[label, 0]
        found, missed, false = own.sum(axis=0).tolist()
        expected = 100 * 2 * found / (2 * found + missed + false)
        assert image == {'f1': pytest.approx(expected), 'found': found, 'missed': missed, 'false': false}
        total += own
    for (name, *_, precision, recall, objects), (found, missed, false) in zip(
        tables['per_class']['rows'], total.tolist(), strict=True
    ):
        assert objects == found + missed, name
        assert precision == (pytest.approx(100 * found / (found + false)) if found + false else None)
        assert recall == (pytest.approx(100 * found / (found + missed)) if found + missed else None)
    worst = tables['worst_images']['rows'][0]
    assert worst[1] == min(image['f1'] for image in images)


def average_precision(scenes: list[tuple[Boxes, Boxes]], label: int, threshold: float) -> float:
    """Per cent, interpolated at 101 recalls."""
    ranked = sorted(
        ((-told.scores[i], image, i) for image, (_, told) in enumerate(scenes) for i in range(len(told.scores))),
    )
    left = {image: list(np.flatnonzero(objects.labels == label)) for image, (objects, _) in enumerate(scenes)}
    total, hits = sum(map(len, left.values())), []
    for _, image, index in ranked:
        objects, told = scenes[image]
        if told.labels[index] == label:
            overlaps = [overlap(told.corners[index], objects.corners[i]) for i in left[image]]
            hits.append(bool(overlaps) and max(overlaps) >= threshold)
            if hits[-1]:
                left[image].pop(int(np.argmax(overlaps)))
    precisions = [sum(hits[: n + 1]) / (n + 1) for n in range(len(hits))]
    recalls = [sum(hits[: n + 1]) / total for n in range(len(hits))]
    points = [
        max((p for p, r in zip(precisions, recalls, strict=True) if r >= x), default=0) for x in np.linspace(0, 1, 101)
    ]
    return 100 * float(np.mean(points))


def test_average_precision_equals_loops(scenes: list[tuple[Boxes, Boxes]]) -> None:
    tables, _ = detection_tables(*map(list, zip(*scenes, strict=True)), CLASSES, [''] * 12)
    for label, (_, ap, ap50, *_) in enumerate(tables['per_class']['rows'][:2]):
        assert ap50 == pytest.approx(average_precision(scenes, label, 0.5))
        every = [average_precision(scenes, label, x) for x in np.linspace(0.5, 0.95, 10)]
        assert ap == pytest.approx(np.mean(every))
    # The fox is nowhere, only predicted.
    assert tables['per_class']['rows'][2][1:3] == [None, None]


def test_ignored_objects_and_images_without_boxes() -> None:
    """An ignored object is neither found nor missed, and a box on it not false."""
    crowd = Boxes(np.array([[0.0, 0, 10, 10]]), np.array([0]), ignored=np.array([True]))
    there = Boxes(np.array([[0.0, 0, 10, 10]]), np.array([0]))
    none = Boxes(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))
    on_it = Boxes(np.array([[0.0, 0, 10, 10]]), np.array([0]), np.array([0.9]))
    tables, images = detection_tables([crowd, there], [on_it, none], ['cat'], ['a', 'b'])
    assert images[0] == {'f1': None, 'found': 0, 'missed': 0, 'false': 0}
    assert images[1] == {'f1': 0.0, 'found': 0, 'missed': 1, 'false': 0}
    assert tables['per_class']['rows'] == [['cat', 0.0, 0.0, None, 0.0, 1]]
    assert tables['worst_images']['rows'] == [['b', 0.0, 0, 1, 0]]
