"""PixelSampler and ClassRegionMean: which rows and labels leave a feature map."""

import pytest
import torch
from torch import nn

from cft.models.segmentation import ClassRegionMean, PixelSampler
from tests.models.segmentation.label_maps import IGNORED, feature_map, random_labels, right_logits


@pytest.mark.parametrize('size', [1, 2, 7])
def test_rows_are_pixels_with_their_labels(size: int) -> None:
    """With a budget for all: every labelled pixel once, in order, with all its channels, for itself alone."""
    labels = random_labels(size)
    features = feature_map(labels)
    rows, classes, represented = PixelSampler(pixels_per_image=1000)(features, labels, right_logits(labels), IGNORED)
    expected = [
        (features[b, :, y, x], labels[b, y, x])
        for b in range(2)
        for y in range(size)
        for x in range(size)
        if labels[b, y, x] != IGNORED
    ]
    assert len(rows) == len(expected)
    assert represented.tolist() == [1.0] * len(expected)
    for row, label, (feature, right) in zip(rows, classes, expected, strict=True):
        assert torch.equal(row, feature)
        assert label == right


@pytest.mark.parametrize('size', [8, 16, 64])
def test_number_does_not_depend_on_the_resolution(size: int) -> None:
    """Per image as many as the budget, per class as evenly as its numbers allow.

    Each stands for its part of the class in that image; together they stand for all that is labelled.
    """
    labels = random_labels(size)
    sampler = PixelSampler(pixels_per_image=12)
    rows, classes, represented = sampler(feature_map(labels), labels, right_logits(labels), IGNORED)
    assert len(rows) == 24
    for image in range(2):
        member = rows[:, 0] == image
        assert torch.bincount(classes[member]).tolist() == [4, 4, 4]
        sizes = [sum(int(label == c) for label in labels[image].flatten()) for c in range(3)]
        assert represented[member].tolist() == [sizes[c] / 4 for c in classes[member]]
        assert represented[member].sum() == sum(sizes)


@pytest.mark.parametrize(('fraction', 'expected'), [(0.0, 0), (0.5, 10), (1.0, 20)])
def test_hard_are_those_the_classifier_gets_wrong(fraction: float, expected: int) -> None:
    """The left half of a one-class image is classified wrongly."""
    labels = torch.ones(1, 10, 10).long()
    logits = right_logits(labels)
    logits[:, :, :, :5] = logits[:, [0, 2, 1], :, :5]
    features = feature_map(labels)
    sampler = PixelSampler(pixels_per_image=20, hard_fraction=fraction)
    rows, _, represented = sampler(features, labels, logits, IGNORED)
    assert (rows[:, 2] < 5).sum() == expected
    assert len(rows) == 20
    assert represented.tolist() == [5.0] * 20


def test_an_image_without_labels() -> None:
    """The other one has no more than its own budget."""
    labels = torch.stack([torch.full((4, 4), IGNORED), torch.zeros(4, 4).long()])
    sampler = PixelSampler(pixels_per_image=5)
    rows, classes, represented = sampler(feature_map(labels), labels, right_logits(labels), IGNORED)
    assert classes.tolist() == [0] * 5
    assert represented.tolist() == pytest.approx([16 / 5] * 5)
    assert (rows[:, 0] == 1).all()


@pytest.mark.parametrize('sampler', [PixelSampler(), ClassRegionMean()])
def test_no_labelled_pixel(sampler: nn.Module) -> None:
    """Nothing, still connected to the features."""
    labels = torch.full((2, 3, 3), IGNORED)
    features = feature_map(labels).requires_grad_()
    rows, classes, represented = sampler(features, labels, right_logits(labels), IGNORED)
    assert (rows.shape, classes.shape, classes.dtype) == ((0, 4), (0,), torch.int64)
    assert (represented.shape, represented.sum()) == ((0,), 0)
    rows.sum().backward()
    assert (features.grad == 0).all()


@pytest.mark.parametrize('sampler', [PixelSampler(pixels_per_image=100), ClassRegionMean()])
@pytest.mark.parametrize('ignored', [None, 2])
def test_other_ignore_index(sampler: nn.Module, ignored: int | None) -> None:
    """A decode head may ignore another label, or none."""
    labels = torch.tensor([[[0, 1], [2, 2]]])
    _, classes, represented = sampler(feature_map(labels), labels, right_logits(labels), ignored)
    assert set(classes.tolist()) == ({0, 1, 2} if ignored is None else {0, 1})
    assert represented.sum() == (4 if ignored is None else 2)


def test_gradient_flows_to_the_drawn_pixels_alone() -> None:
    labels = torch.zeros(1, 4, 4).long()
    features = feature_map(labels).requires_grad_()
    rows, *_ = PixelSampler(pixels_per_image=3)(features, labels, right_logits(labels), IGNORED)
    rows.sum().backward()
    drawn = {(int(y), int(x)) for _, y, x, *_ in rows.detach()}
    assert {(int(y), int(x)) for y, x in features.grad[0, 0].nonzero()} == drawn
    assert set(features.grad.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'pixels_per_image': 0}, 'pixels_per_image must be at least 1, got 0'),
        ({'hard_fraction': 1.1}, r'hard_fraction must lie in \[0, 1\], got 1.1'),
        ({'hard_fraction': -0.1}, r'hard_fraction must lie in \[0, 1\], got -0.1'),
    ],
)
def test_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PixelSampler(**settings)
