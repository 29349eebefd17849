"""balanced_subset: for how many elements each one drawn stands."""

import pytest
import torch

from cft.ops import balanced_subset
from tests.ops.crowds import CLASSES, IMAGES, crowd

DRAWS = 1000


@pytest.mark.parametrize('hard_fraction', [0.0, 0.5, 1.0])
@pytest.mark.parametrize('budget', [1, 3, 6, 20, 1000])
def test_size_of_the_kind_over_the_number_drawn_of_it(budget: int, hard_fraction: float) -> None:
    """Counted one by one, of the same image, class and kind; a kind of which none was drawn goes to the other."""
    labels, images, hard = crowd(budget)
    chosen, represented = balanced_subset(labels, images, hard, budget, hard_fraction)
    kinds = list(zip(images.tolist(), labels.tolist(), hard.tolist(), strict=True))
    drawn = [kinds[index] for index in chosen]
    expected = []
    for image, label, is_hard in drawn:
        other = image, label, not is_hard
        size = kinds.count((image, label, is_hard)) + (0 if other in drawn else kinds.count(other))
        expected.append(size / drawn.count((image, label, is_hard)))
    assert represented.tolist() == pytest.approx(expected, rel=1e-6)
    assert represented.is_floating_point()


@pytest.mark.parametrize(
    ('hard_fraction', 'hard_stand_for', 'easy_stand_for'), [(0.5, 2.0, 8.0), (0.75, 4 / 3, 16.0), (1.0, 5.0, None)]
)
def test_hard_and_easy_of_one_class(hard_fraction: float, hard_stand_for: float, easy_stand_for: float | None) -> None:
    """Four of 4 hard and 16 easy ones; where only hard ones are drawn they stand for the easy ones too."""
    hard = torch.arange(20) % 5 == 0
    chosen, represented = balanced_subset(torch.ones(20).long(), torch.zeros(20).long(), hard, 4, hard_fraction)
    assert represented[hard[chosen]].tolist() == pytest.approx([hard_stand_for] * int(4 * hard_fraction))
    assert represented[~hard[chosen]].tolist() == [easy_stand_for] * (4 - int(4 * hard_fraction))


@pytest.mark.parametrize('budget', [2, CLASSES, 12, 1000])
def test_an_image_is_represented_by_the_classes_drawn_of_it(budget: int) -> None:
    """Their sizes add up; once every class has its turn that is the whole image."""
    labels, images, hard = crowd(1)
    chosen, represented = balanced_subset(labels, images, hard, budget, 0.5)
    for image in range(IMAGES):
        member, of_image = images[chosen] == image, images == image
        classes = labels[chosen[member]].unique()
        seen = int((of_image & torch.isin(labels, classes)).sum())
        assert float(represented[member].sum()) == pytest.approx(seen, rel=1e-6)
        assert budget < CLASSES or seen == of_image.sum()


def test_all_drawn_stand_for_themselves() -> None:
    labels, images, hard = crowd(2)
    chosen, represented = balanced_subset(labels, images, hard, 200, 0.5)
    assert (len(chosen), represented.tolist()) == (200, [1.0] * 200)


def test_the_same_class_in_two_images() -> None:
    """Counted apart: 2 of 10 and 2 of 4."""
    images = torch.tensor([0] * 10 + [1] * 4)
    _, represented = balanced_subset(torch.zeros(14).long(), images, images > 5, 2, 0.5)
    assert represented.tolist() == [5.0, 5.0, 2.0, 2.0]


def test_sum_over_the_drawn_estimates_the_sum_over_all() -> None:
    """Without bias when large and small classes, hard and easy are drawn equally often: five standard errors.

    The plain mean of the drawn, times the number of all, is far off, and so
    would be the sizes of classes alone: a few hard elements have large values.
    """
    labels = torch.tensor([0] * 40 + [1] * 12 + [2] * 3)
    hard = torch.arange(55) % 6 == 0
    values = 10.0 * labels + torch.arange(55) % 7 + 30.0 * hard
    weighted, plain = [], []
    for _ in range(DRAWS):
        chosen, represented = balanced_subset(labels, torch.zeros_like(labels), hard, 9, 0.5)
        weighted.append((values[chosen] * represented).sum())
        plain.append(values[chosen].mean() * len(values))
    for estimates, unbiased in ((torch.stack(weighted), True), (torch.stack(plain), False)):
        error = estimates.mean() - values.sum()
        assert (error.abs() < 5 * estimates.std() / DRAWS**0.5) == unbiased
