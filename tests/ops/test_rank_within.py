"""rank_within against a count one by one."""

from collections import Counter

import pytest
import torch

from cft.ops import rank_within


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.int64])
def test_rank_is_the_number_of_lower_members(seed: int, dtype: torch.dtype) -> None:
    """Counted one by one; the groups' numbers may be negative and far apart."""
    generator = torch.Generator().manual_seed(seed)
    groups = torch.tensor([-7, 0, 3, 1000])[torch.randint(0, 4, (40,), generator=generator)]
    priorities = torch.randperm(40, generator=generator).to(dtype) - 20
    expected = [
        sum(int(g == groups[i] and p < priorities[i]) for g, p in zip(groups, priorities, strict=True))
        for i in range(40)
    ]
    assert rank_within(groups, priorities).tolist() == expected


def test_equal_priorities_still_get_different_ranks() -> None:
    """Each group's ranks are 0, 1, 2, ..., higher priorities after lower ones."""
    groups, priorities = torch.tensor([1, 0, 1, 1, 0, 1]), torch.tensor([2.0, 1, 1, 1, 1, 2])
    ranks = rank_within(groups, priorities)
    assert sorted(ranks[groups == 0].tolist()) == [0, 1]
    assert sorted(ranks[[2, 3]].tolist()) == [0, 1]
    assert sorted(ranks[[0, 5]].tolist()) == [2, 3]


def test_ties_are_broken_at_random() -> None:
    """Each of the six orders of three equal elements equally often, within five standard deviations.

    The fourth element always comes last, and the other group does not matter.
    """
    groups, priorities = torch.tensor([4, 9, 4, 4, 4]), torch.tensor([1.0, 0, 1, 2, 1])
    draws, counts = 1200, Counter()
    for _ in range(draws):
        ranks = rank_within(groups, priorities).tolist()
        assert (ranks[1], ranks[3]) == (0, 3)
        counts[tuple(ranks)] += 1
    assert len(counts) == 6
    bound = 5 * (draws * 1 / 6 * 5 / 6) ** 0.5
    assert all(abs(count - draws / 6) < bound for count in counts.values()), counts


def test_rank_of_nothing_and_of_one() -> None:
    assert rank_within(torch.zeros(0).long(), torch.zeros(0)).shape == (0,)
    assert rank_within(torch.tensor([5]), torch.tensor([float('inf')])).tolist() == [0]
