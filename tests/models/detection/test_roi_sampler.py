"""RoISampler: which regions the branch sees."""

import pytest
import torch
from torch import Tensor

from cft.models.detection import RoISampler

CLASSES = 3


def regions(labels: list[int], wrong: tuple[int, ...] = ()) -> tuple[Tensor, Tensor, Tensor]:
    """Features that tell the region's number, labels, and logits that are wrong for the named regions."""
    features = torch.stack([torch.arange(len(labels)).float(), torch.rand(len(labels))], dim=1)
    logits = torch.nn.functional.one_hot(torch.tensor(labels), CLASSES + 1).float()
    for index in wrong:
        logits[index] = logits[index].roll(1)
    return features, torch.tensor(labels), logits


@pytest.mark.parametrize('background', [False, True])
def test_background_takes_part_only_if_asked(background: bool) -> None:
    """Rows and labels belong together, in the order of the regions."""
    features, labels, logits = regions([2, 3, 0, 3, 1, 3])
    rows, classes, represented = RoISampler(background=background)(features, labels, torch.zeros(6).long(), logits)
    expected = list(range(6)) if background else [0, 2, 4]
    assert torch.equal(rows, features[expected])
    assert torch.equal(classes, labels[expected])
    assert represented.tolist() == [1.0] * len(expected)


@pytest.mark.parametrize(('budget', 'expected'), [(1, 2), (2, 4), (4, 7), (64, 9)])
def test_budget_is_one_of_each_image(budget: int, expected: int) -> None:
    """Six regions in the first image, three in the second, background not counted."""
    features, labels, logits = regions([0, 0, 0, 0, 1, 2, 3, 3, 1, 1, 2, 3])
    images = torch.tensor([0] * 8 + [1] * 4)
    rows, classes, represented = RoISampler(rois_per_image=budget)(features, labels, images, logits)
    assert len(rows) == len(classes) == len(represented) == expected
    if budget == 4:
        first = classes[rows[:, 0] < 8]
        assert torch.bincount(first).tolist() == [2, 1, 1]
        assert represented.tolist() == [2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_each_stands_for_regions_of_its_image_and_class() -> None:
    """Background too, where it takes part; together they stand for all that could be drawn."""
    features, labels, logits = regions([0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 3])
    images = torch.tensor([0] * 8 + [1] * 3)
    foreground = [(0, 1.5), (0, 1.5), (0, 1.0)]
    for background, expected in ((True, [(0, 3.0), (3, 5.0), (0, 1.0), (3, 2.0)]), (False, foreground)):
        sampler = RoISampler(rois_per_image=2, background=background)
        _, classes, represented = sampler(features, labels, images, logits)
        assert list(zip(classes.tolist(), represented.tolist(), strict=True)) == expected


@pytest.mark.parametrize(('fraction', 'expected'), [(0.0, 0), (0.5, 3), (1.0, 6)])
def test_hard_are_those_the_classifier_gets_wrong(fraction: float, expected: int) -> None:
    """Eight wrong and twelve right: each kind counts apart, and both for the one that is drawn."""
    features, labels, logits = regions([1] * 20, wrong=tuple(range(8)))
    sampler = RoISampler(rois_per_image=6, hard_fraction=fraction)
    rows, _, represented = sampler(features, labels, torch.zeros(20).long(), logits)
    assert (rows[:, 0] < 8).sum() == expected
    sizes = [8 / 3, 4.0] if fraction == 0.5 else [20 / 6, 20 / 6]
    assert represented.tolist() == pytest.approx([sizes[0] if row < 8 else sizes[1] for row in rows[:, 0]])


@pytest.mark.parametrize('labels', [[], [3, 3, 3]], ids=['no region', 'background alone'])
def test_no_foreground(labels: list[int]) -> None:
    """Nothing, still connected to the features."""
    logits = torch.zeros(len(labels), CLASSES + 1)
    features = torch.randn(len(labels), 2, requires_grad=True)
    images = torch.zeros(len(labels)).long()
    rows, classes, represented = RoISampler()(features, torch.tensor(labels).long(), images, logits)
    assert (rows.shape, classes.shape, represented.shape) == ((0, 2), (0,), (0,))
    rows.sum().backward()
    assert (features.grad == 0).all()


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'rois_per_image': 0}, 'rois_per_image must be at least 1, got 0'),
        ({'hard_fraction': 1.5}, r'hard_fraction must lie in \[0, 1\], got 1.5'),
    ],
)
def test_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RoISampler(**settings)
