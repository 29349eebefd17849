"""Whole groups held out: never parted, about the fraction, whatever the order of the samples."""

import os
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from cft.datasets.group_splits import held_out_groups


def draw(seed: int, groups: int = 12, largest: int = 9) -> list[str]:
    """Samples of groups of unequal sizes, mixed."""
    rng = np.random.default_rng(seed)
    names = [f'g{index}' for index in range(groups) for _ in range(rng.integers(1, largest + 1))]
    return [str(name) for name in rng.permutation(names)]


@pytest.mark.parametrize('fraction', [0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize('seed', range(5))
def test_number_of_samples_is_within_half_a_group(seed: int, fraction: float) -> None:
    """Walking on, the last chance to come nearer was a group of at most 9, so half of that is left as the error."""
    groups = draw(seed)
    chosen = held_out_groups(groups, fraction, seed)
    sizes = Counter(groups)
    assert chosen < sizes.keys() and chosen
    # A greedy walk is not the best choice, but no single group more or less is much better.
    error = abs(sum(sizes[name] for name in chosen) - fraction * len(groups))
    assert error <= max(sizes.values()) / 2 + 1e-9


@pytest.mark.parametrize('seed', range(5))
def test_order_of_the_samples_does_not_matter(seed: int) -> None:
    groups = draw(seed)
    first = held_out_groups(groups, 0.3, seed=0)
    assert all(
        held_out_groups([str(g) for g in np.random.default_rng(s).permutation(groups)], 0.3, seed=0) == first
        for s in range(5)
    )


def test_another_seed_is_another_choice() -> None:
    groups = [str(index) for index in range(40)]
    chosen = [frozenset(held_out_groups(groups, 0.25, seed)) for seed in range(8)]
    assert len(set(chosen)) == 8 and {len(each) for each in chosen} == {10}
    # Over many seeds every group has its turn.
    assert set().union(*(held_out_groups(groups, 0.25, seed) for seed in range(40))) == set(groups)


def test_single_samples_are_counted_exactly_and_move_by_one() -> None:
    names = [f'{index:03}' for index in range(60)]
    for number in range(2, 60):
        before = held_out_groups(names[:number], 0.1, seed=0)
        assert len(before) == max(1, sum(abs(k + 1 - 0.1 * number) < abs(k - 0.1 * number) for k in range(number)))
        after = held_out_groups(names[: number + 1], 0.1, seed=0)
        assert len((before ^ after) - {names[number]}) <= 1


@pytest.mark.parametrize('big', [50, 1000])
def test_a_large_group_is_trained_on(big: int) -> None:
    """Nine tenths of the samples in one group, wherever the order puts it."""
    for seed in range(20):
        chosen = held_out_groups(['big'] * big + [f'small{index}' for index in range(5)], 0.1, seed)
        assert 'big' not in chosen and chosen


def test_two_groups_are_one_on_each_side() -> None:
    for first, second, fraction in ((5, 5, 0.1), (1, 9, 0.1), (9, 1, 0.9), (3, 4, 0.99), (3, 4, 0.01)):
        groups = ['a'] * first + ['b'] * second
        for seed in range(6):
            assert len(held_out_groups(groups, fraction, seed)) == 1


def test_small_cases_against_all_choices() -> None:
    """Of three groups or four: never further from the fraction than the worst of the single groups."""
    for sizes in combinations(range(1, 8), 3):
        groups = [f'{index}' for index, size in enumerate(sizes) for _ in range(size)]
        chosen = held_out_groups(groups, 0.25, seed=1)
        held = sum(sizes[int(name)] for name in chosen)
        wanted = 0.25 * len(groups)
        assert abs(held - wanted) <= max(abs(size - wanted) for size in sizes)


def test_names_that_are_no_text() -> None:
    assert len(held_out_groups([os.fsdecode(b'\xe9'), 'b', '猫'], 0.3, seed=0)) == 1


@pytest.mark.parametrize('fraction', [0, 1, -0.1, 1.5])
def test_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ValueError, match='fraction must lie between 0 and 1'):
        held_out_groups(['a', 'b'], fraction, seed=0)


def test_one_group_cannot_be_divided() -> None:
    with pytest.raises(ValueError, match='1 groups cannot be divided'):
        held_out_groups(['a', 'a'], 0.5, seed=0)
