"""held_out_samples: whole groups, each class on both sides, the same ones every time."""

import random
from collections import Counter

import pytest

from cft.datasets.stratified_groups import held_out_groups_of, held_out_samples
from cft.errors import DataError


def drawn(seed: int) -> tuple[list[list[int]], list[str], float]:
    """Labels (one, several or none), groups and a fraction of some size."""
    draw = random.Random(seed)
    number, width = draw.randint(20, 200), draw.randint(1, 6)
    several = draw.random() < 0.5
    labels = [
        draw.sample(range(width), draw.randint(0, width)) if several else [draw.randrange(width)] for _ in range(number)
    ]
    groups = [f'g{draw.randrange(draw.choice([number // 4, number]) + 2)}' for _ in range(number)]
    return labels, groups, draw.choice([0.1, 0.2, 0.4])


@pytest.mark.parametrize('seed', range(40))
def test_properties(seed: int) -> None:
    labels, groups, fraction = drawn(seed)
    held_out = held_out_samples(labels, groups, fraction, seed)
    sides = {group: {index in held_out for index in range(len(groups)) if groups[index] == group} for group in groups}
    assert all(len(side) == 1 for side in sides.values()), 'a group is parted'
    assert held_out
    for label in {label for sample in labels for label in sample}:
        of_class = [index for index, sample in enumerate(labels) if label in sample]
        assert set(of_class) - held_out, 'a class is not trained on'
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)
    moved = held_out_samples([labels[i] for i in order], [groups[i] for i in order], fraction, seed)
    assert {order[position] for position in moved} == held_out


@pytest.mark.parametrize('fraction', [0.1, 0.25, 0.5])
def test_sizes_of_single_images(fraction: float) -> None:
    """Each image its own group: the fraction of each class to within half an image, at least one of two."""
    labels = [[label] for label, size in enumerate([2, 8, 100, 1]) for _ in range(size)]
    held_out = held_out_samples(labels, [str(i) for i in range(len(labels))], fraction, seed=3)
    counts = Counter(labels[index][0] for index in held_out)
    assert counts[0] == 1 and counts[3] == 0
    assert abs(counts[1] - 8 * fraction) <= 0.5 and abs(counts[2] - 100 * fraction) <= 0.5


def test_rare_labels_of_several_are_on_both_sides() -> None:
    """A tenth at random would miss a label of 4 images among 400 in two of three draws."""
    for seed in range(20):
        labels = [[0] + [1] * (i < 4) for i in range(400)]
        held_out = held_out_samples(labels, [str(i) for i in range(400)], 0.1, seed)
        assert len(held_out & set(range(4))) == 1 and 36 <= len(held_out) <= 44


def test_seed_matters_and_new_groups_move_few() -> None:
    labels, groups = [[0]] * 200, [f'p{i}' for i in range(200)]
    first = held_out_samples(labels, groups, 0.1, seed=0)
    assert first != held_out_samples(labels, groups, 0.1, seed=1)
    more = held_out_samples([*labels, [0]], [*groups, 'new'], 0.1, seed=0)
    assert len(first - more) <= 1


@pytest.mark.parametrize('groups', [['a', 'a', 'a', 'a'], ['a', 'a', 'b', 'b']])
def test_nothing_to_hold_out(groups: list[str]) -> None:
    """One group, or one for each class."""
    with pytest.raises(DataError, match='scans: no validation split can be made: no group can be held out'):
        held_out_groups_of(groups, [[0], [0], [1], [1]], 0.3, 0, 'scans')
