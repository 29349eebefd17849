"""Tables of pixels against plain loops."""

import numpy as np
import pytest

from cft.evaluation.segmentation_tables import image_scores, segmentation_tables

CLASSES = ['sky', 'tree', 'car', 'cow']


def counted(label: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    counts = np.zeros((4, 4), dtype=np.int64)
    for true, told in zip(label.ravel(), predicted.ravel(), strict=True):
        counts[true, told] += 1
    return counts


def test_equal_to_loops() -> None:
    """A class that no pixel has, and a class that is never predicted; the worst image first."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, (5, 6, 8))
    predictions = np.where(generator.random((5, 6, 8)) < np.linspace(0.2, 0.9, 5)[:, None, None], labels, 0)
    confusions = [counted(*pair) for pair in zip(labels, predictions, strict=True)]
    images = [image_scores(confusion, CLASSES) for confusion in confusions]
    tables = segmentation_tables(sum(confusions), images, CLASSES, list('abcde'))
    for label, (name, iou, accuracy, precision, pixels) in enumerate(tables['per_class']['rows']):
        true, told = labels == label, predictions == label
        both = (true & told).sum()
        assert (name, pixels) == (CLASSES[label], true.sum())
        for value, whole in ((iou, true | told), (accuracy, true), (precision, told)):
            assert value == (pytest.approx(100 * both / whole.sum()) if whole.any() else None)
    means = []
    for label, predicted in zip(labels, predictions, strict=True):
        present = np.union1d(label, predicted)
        means.append(
            np.mean(
                [
                    100 * ((label == c) & (predicted == c)).sum() / ((label == c) | (predicted == c)).sum()
                    for c in present
                ]
            )
        )
    assert [image['miou'] for image in images] == pytest.approx(means)
    assert [row[0] for row in tables['worst_images']['rows']] == [list('abcde')[i] for i in np.argsort(means)]


def test_an_image_without_labels() -> None:
    empty = image_scores(np.zeros((4, 4), dtype=np.int64), CLASSES)
    assert empty == {'miou': None, 'accuracy': None, 'iou': {}}
    tables = segmentation_tables(np.eye(4, dtype=np.int64), [empty], CLASSES, ['a'])
    assert tables['worst_images']['rows'] == []
