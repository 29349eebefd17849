"""balanced_subset: fairness to the classes of each image, hard elements, and chance."""

import pytest
import torch
from torch import Tensor

from cft.ops import balanced_subset
from tests.ops.crowds import CLASSES, IMAGES, crowd


def one_image(labels: Tensor, hard: Tensor, budget: int, hard_fraction: float = 0.5) -> Tensor:
    """Indices drawn from a single image."""
    return balanced_subset(labels, torch.zeros_like(labels), hard, budget, hard_fraction)[0]


def water_levels(sizes: list[int], budget: int) -> tuple[int, int]:
    """Full turns that every class can take part in, and places left for the turn after; by handing out one by one."""
    left, turns = budget, 0
    while True:
        open_classes = sum(size > turns for size in sizes)
        if open_classes == 0 or left < open_classes:
            return turns, left if open_classes else 0
        left, turns = left - open_classes, turns + 1


@pytest.mark.parametrize('hard_fraction', [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize('budget', [1, 4, 7, 30, 1000])
def test_every_image_fills_its_budget_evenly(budget: int, hard_fraction: float) -> None:
    """Handing out place by place gives each class its full turns; the rest of a turn goes to classes that have more."""
    labels, images, hard = crowd(budget)
    chosen, _ = balanced_subset(labels, images, hard, budget, hard_fraction)
    assert torch.equal(chosen, chosen.unique())
    for image in range(IMAGES):
        sizes = torch.bincount(labels[images == image], minlength=CLASSES).tolist()
        taken = torch.bincount(labels[chosen[images[chosen] == image]], minlength=CLASSES).tolist()
        turns, left = water_levels(sizes, budget)
        assert sum(taken) == min(budget, sum(sizes))
        assert all(min(size, turns) <= count <= min(size, turns + 1) for size, count in zip(sizes, taken, strict=True))
        assert sum(count > turns for count in taken) == left


def test_images_do_not_influence_each_other() -> None:
    """A crowded image beside one with a single element; numbers of images need not be consecutive."""
    labels = torch.tensor([0] * 50 + [3])
    images = torch.tensor([2] * 50 + [9])
    chosen, _ = balanced_subset(labels, images, torch.zeros(51, dtype=torch.bool), 8, 0.5)
    assert (chosen < 50).sum() == 8
    assert chosen[-1] == 50


@pytest.mark.parametrize(
    ('hard_fraction', 'number_hard', 'budget', 'expected_hard'),
    [
        (0.5, 20, 10, 5),
        (0.0, 20, 10, 0),
        (1.0, 20, 10, 10),
        (0.25, 20, 8, 2),
        (0.75, 20, 8, 6),
        # One kind is exhausted: the other fills the places.
        (0.5, 2, 10, 2),
        (1.0, 3, 10, 3),
        (0.5, 38, 10, 8),
        (0.0, 35, 10, 5),
        (0.5, 0, 10, 0),
        (0.5, 40, 10, 10),
        (0.0, 40, 10, 10),
    ],
)
def test_part_of_the_hard(hard_fraction: float, number_hard: int, budget: int, expected_hard: int) -> None:
    """Exact numbers in one class of 40, wherever the hard elements stand."""
    for seed in range(5):
        hard = torch.randperm(40, generator=torch.Generator().manual_seed(seed)) < number_hard
        chosen = one_image(torch.zeros(40).long(), hard, budget, hard_fraction)
        assert len(chosen) == budget
        assert hard[chosen].sum() == expected_hard


def test_part_of_the_hard_in_every_class_of_every_image() -> None:
    """The fraction is one of each class, not of the image: one class is all hard, one not at all, one half."""
    labels = torch.arange(3).repeat_interleave(20).repeat(2)
    images = torch.arange(2).repeat_interleave(60)
    hard = (labels == 0) | ((labels == 2) & (torch.arange(120) % 2 == 0))
    chosen, _ = balanced_subset(labels, images, hard, 18, 0.5)
    for image in range(2):
        for label, expected in ((0, 6), (1, 0), (2, 3)):
            member = chosen[(images[chosen] == image) & (labels[chosen] == label)]
            assert (len(member), int(hard[member].sum())) == (6, expected)


@pytest.mark.parametrize('budget', [1, 2, 3, 10])
@pytest.mark.parametrize('order', ['hard first', 'hard last', 'alternating'])
def test_every_element_of_a_kind_is_drawn_equally_often(budget: int, order: str) -> None:
    """Chance does not depend on where an element stands, also when the places of a class are odd in number.

    Of each kind 10 elements and ``budget / 2`` places in the mean; five
    standard deviations of the binomial count are allowed.
    """
    position = torch.arange(20)
    hard = {'hard first': position < 10, 'hard last': position >= 10, 'alternating': position % 2 == 0}[order]
    draws, counts = 1000, torch.zeros(20)
    for _ in range(draws):
        counts[one_image(torch.zeros(20).long(), hard, budget)] += 1
    probability = budget / 20
    bound = 5 * (draws * probability * (1 - probability)) ** 0.5
    assert ((counts - draws * probability).abs() < bound).all(), counts


def test_one_kind_is_drawn_uniformly() -> None:
    """Pearson's statistic of 4000 draws of 3 of 12 equal elements, far within its distribution of 11 degrees."""
    draws, counts = 4000, torch.zeros(12)
    for _ in range(draws):
        counts[one_image(torch.zeros(12).long(), torch.zeros(12, dtype=torch.bool), 3)] += 1
    expected = draws * 3 / 12
    assert ((counts - expected) ** 2 / expected).sum() < 40
    assert counts.std() > 1


@pytest.mark.parametrize('kinds', ['classes', 'hard and easy'])
def test_the_odd_place_falls_to_either(kinds: str) -> None:
    """One place for a group of 49 and a group of one, both entitled to it: a coin decides, not the size."""
    single, draws = torch.arange(50) == 30, 1000
    labels, hard = (single.long(), single & False) if kinds == 'classes' else (torch.zeros(50).long(), single)
    wins = sum(int(single[one_image(labels, hard, 1)]) for _ in range(draws))
    assert abs(wins - draws / 2) < 5 * (draws / 4) ** 0.5, wins


def test_nothing_to_draw_from() -> None:
    empty = torch.zeros(0).long()
    chosen, represented = balanced_subset(empty, empty, empty.bool(), 5, 0.5)
    assert chosen.shape == represented.shape == (0,)
    assert chosen.dtype == torch.int64


def test_fewer_than_the_budget_are_all_taken() -> None:
    labels, images, hard = crowd(1, number=30)
    assert balanced_subset(labels, images, hard, 30, 0.5)[0].tolist() == list(range(30))


def test_the_seed_decides() -> None:
    labels, images, hard = crowd(2)

    def draw(seed: int) -> list[int]:
        torch.manual_seed(seed)
        return balanced_subset(labels, images, hard, 10, 0.5)[0].tolist()

    assert draw(7) == draw(7)
    assert len({tuple(draw(seed)) for seed in range(20)}) == 20
