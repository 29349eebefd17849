"""stratified_indices: how many of each class, and always the same ones."""

from itertools import pairwise

import numpy as np
import pytest

from cft.datasets.splits import stratified_indices

LABELS = np.array([2, 0, 0, 1, 2, 2, 0, 7, 1, 2, 2, 0, 2, 2, 2, 2, 2])


def counts(labels: np.ndarray, indices: np.ndarray) -> dict[int, int]:
    return {int(label): int((labels[indices] == label).sum()) for label in np.unique(labels)}


@pytest.mark.parametrize('seed', range(5))
def test_per_class(seed: int) -> None:
    """Exactly that many of each class, sorted and without repetition."""
    indices = stratified_indices(LABELS, seed, per_class=1)
    assert counts(LABELS, indices) == {0: 1, 1: 1, 2: 1, 7: 1}
    assert indices.tolist() == sorted(set(indices.tolist()))


@pytest.mark.parametrize(
    ('fraction', 'expected'),
    [
        (0.5, {0: 2, 1: 1, 2: 5, 7: 1}),
        (0.9, {0: 3, 1: 1, 2: 9, 7: 1}),
        (0.99, {0: 3, 1: 1, 2: 9, 7: 1}),
        (0.01, {0: 1, 1: 1, 2: 1, 7: 1}),
        (0.3, {0: 1, 1: 1, 2: 3, 7: 1}),
    ],
)
def test_fraction(fraction: float, expected: dict[int, int]) -> None:
    """Rounded per class; two or more samples keep one on each side, a single one is drawn."""
    assert counts(LABELS, stratified_indices(LABELS, 0, fraction=fraction)) == expected


def test_the_draw_is_fixed() -> None:
    """The same indices on every machine and in every version: a split that moves would leak test images."""
    assert stratified_indices(LABELS, 0, per_class=1).tolist() == stratified_indices(list(LABELS), 0, 1).tolist()
    labels = np.repeat([0, 1, 2], 10)
    expected = [int(c * 10 + i) for c in range(3) for i in np.random.default_rng([5, c]).permutation(10)[:2]]
    assert stratified_indices(labels, 5, per_class=2).tolist() == sorted(expected)


@pytest.mark.parametrize('seed', range(3))
def test_draws_of_a_seed_nest(seed: int) -> None:
    """By what each gives of a class: the fewer are among the more, whether a number or a part was asked for."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(12), np.arange(20, 200, 15)))
    amounts = [
        *({'fraction': part} for part in (0.01, 0.05, 0.1, 0.3, 0.99)),
        *({'per_class': k} for k in (1, 2, 5, 20)),
    ]
    draws = [stratified_indices(labels, seed, **amount) for amount in amounts]
    for label in range(12):
        own = sorted(({int(i) for i in draw if labels[i] == label} for draw in draws), key=len)
        assert all(few <= many for few, many in pairwise(own))
    fractions = [set(draw.tolist()) for draw in draws[:5]]
    assert all(few < many for few, many in pairwise(fractions))


def test_seeds_differ() -> None:
    """Ten seeds do not give ten times the same draw, and classes are not drawn alike."""
    labels = np.repeat([0, 1, 2], 50)
    draws = [stratified_indices(labels, seed, per_class=5) for seed in range(10)]
    assert len({tuple(draw) for draw in draws}) == 10
    assert any(set(draw[:5]) != set(draw[5:10] - 50) for draw in draws)


def test_other_classes_do_not_change_a_draw() -> None:
    """A class's draw depends on its own samples alone, so adding a class moves nothing between splits."""
    labels = np.repeat([0, 1, 2], 10)
    alone = stratified_indices(labels[:20], 0, fraction=0.7)
    assert stratified_indices(labels, 0, fraction=0.7)[: len(alone)].tolist() == alone.tolist()


def test_draws_of_growing_size_are_nested() -> None:
    """Two labels per class are among the five of the same seed."""
    labels = np.repeat([0, 1, 2], 10)
    draws = [set(stratified_indices(labels, 3, per_class=number)) for number in range(1, 11)]
    assert all(small < large for small, large in pairwise(draws))


def test_every_sample_is_equally_likely() -> None:
    """Over 2,000 seeds each of 10 samples is drawn about 600 times; 4 standard deviations are 82."""
    labels = np.zeros(10, dtype=int)
    drawn = np.bincount(np.concatenate([stratified_indices(labels, seed, per_class=3) for seed in range(2000)]))
    assert np.abs(drawn - 600).max() < 82


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, 'either'),
        ({'per_class': 1, 'fraction': 0.5}, 'either'),
        ({'fraction': 0.0}, 'between 0 and 1'),
        ({'fraction': 1.0}, 'between 0 and 1'),
        ({'per_class': 0}, 'at least 1'),
        ({'per_class': 2}, 'class 7 has 1 samples'),
    ],
)
def test_impossible_requests(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stratified_indices(LABELS, 0, **options)
