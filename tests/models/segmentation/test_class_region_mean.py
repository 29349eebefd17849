"""ClassRegionMean against a loop over pixels."""

import pytest
import torch
from torch import Tensor

from cft.models.segmentation import ClassRegionMean
from tests.models.segmentation.label_maps import IGNORED, random_labels
from tests.support.comparison import random_rows


def loop_means(features: Tensor, labels: Tensor) -> list[tuple[Tensor, int, int]]:
    """Mean feature of each class of each image, pixel by pixel; the class, and the number of pixels."""
    means = []
    for image, label_map in zip(features, labels, strict=True):
        for label in range(3):
            members = [
                image[:, y, x] for y in range(len(label_map)) for x in range(len(label_map)) if label_map[y, x] == label
            ]
            if members:
                means.append((sum(members) / len(members), label, len(members)))
    return means


@pytest.mark.parametrize('size', [1, 2, 9])
def test_class_means(size: int) -> None:
    """Value, order, size and gradient; a class that an image lacks has no row."""
    labels = random_labels(size, images=3)
    features = random_rows(3 * 5, size * size).view(3, 5, size, size).requires_grad_()
    rows, classes, represented = ClassRegionMean()(features, labels, torch.zeros(3, 3, size, size), IGNORED)
    expected = loop_means(features, labels)
    assert classes.tolist() == [label for _, label, _ in expected]
    assert represented.tolist() == [size for *_, size in expected]
    torch.testing.assert_close(rows, torch.stack([mean for mean, *_ in expected]), rtol=1e-12, atol=1e-12)
    direction = random_rows(len(rows), seed=1)
    (gradient,) = torch.autograd.grad((rows * direction).sum(), features)
    total = sum((mean * way).sum() for (mean, *_), way in zip(expected, direction, strict=True))
    torch.testing.assert_close(gradient, torch.autograd.grad(total, features)[0], rtol=1e-12, atol=1e-12)


def test_class_means_of_short_floats() -> None:
    """Summed in float32: in bfloat16 a sum of ones stops growing at 256."""
    labels = torch.zeros(1, 40, 40).long()
    features = torch.ones(1, 5, 40, 40, dtype=torch.bfloat16)
    with torch.autocast('cpu', torch.bfloat16):
        rows, _, represented = ClassRegionMean()(features, labels, torch.zeros(1, 3, 40, 40), IGNORED)
    assert rows.dtype == torch.float32
    assert (rows == 1).all()
    assert represented.tolist() == [1600.0]
