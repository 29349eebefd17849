"""Random samples of other classes, by a number for each pair and by rank, and what a batch of pairs costs."""

import pytest
import torch
from torch import Tensor

from cft.models.pairs import HardPairMixup, ManifoldMixup, PairGenerator, hard_pair, random_negatives
from cft.models.pairs.hard_pair import hardest_pairs
from cft.models.pairs.random_negatives import random_negatives as draw
from tests.support.comparison import random_rows
from tests.support.synchronisations import synchronisations
from tests.support.tensor_sizes import LargestTensor

BATCHES = {
    'mixed': torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2]),
    'one class': torch.tensor([4] * 5),
    'one against all': torch.tensor([1, 0, 1, 1, 1]),
    'all different': torch.arange(6).flip(0),
    'one sample': torch.tensor([3]),
    'uint8': torch.tensor([200, 0, 200, 7], dtype=torch.uint8),
}


@pytest.fixture(params=[0, 10**6], ids=['by rank', 'by pairs'])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, whatever the size."""
    monkeypatch.setattr(random_negatives, 'LARGEST_DRAWN_IN_PAIRS', request.param)


@pytest.mark.usefixtures('way')
@pytest.mark.parametrize('name', BATCHES)
def test_partners_are_of_another_class(name: str) -> None:
    """In every draw, and all of them are drawn at last; where there is none, it is said."""
    labels, seen = BATCHES[name], set()
    torch.manual_seed(0)
    for _ in range(300):
        partner, exists = draw(labels)
        seen |= {(anchor, int(other)) for anchor, other in enumerate(partner) if exists[anchor]}
    pairs = {(i, j) for i in range(len(labels)) for j in range(len(labels)) if labels[i] != labels[j]}
    assert seen == pairs
    assert exists.tolist() == [any(i == anchor for i, _ in pairs) for anchor in range(len(labels))]


@pytest.mark.usefixtures('way')
def test_partners_are_uniform_and_independent() -> None:
    """Chi-square of each anchor's draws, and of the pairs of draws of two anchors of one class."""
    labels = BATCHES['mixed']
    torch.manual_seed(0)
    drawn = torch.stack([draw(labels)[0] for _ in range(6000)])
    for anchor in range(len(labels)):
        others = (labels != labels[anchor]).nonzero()[:, 0]
        counts = (drawn[:, anchor, None] == others).sum(dim=0)
        # The 99.99 % quantiles with 6 to 8 degrees of freedom lie between 27.9 and 31.8.
        assert ((counts - 6000 / len(others)) ** 2 / (6000 / len(others))).sum() < 31.8
    both = torch.bincount(10 * drawn[:, 0] + drawn[:, 3], minlength=100).view(10, 10)[labels != 0][:, labels != 0]
    expected = 6000 / both.numel()
    # 49 cells: the 99.99 % quantile with 48 degrees of freedom.
    assert ((both - expected) ** 2 / expected).sum() < 92.2


def test_draws_of_small_batches_are_those_of_a_number_for_each_pair() -> None:
    """Recorded runs keep their results: the greatest of uniform numbers among the negatives."""
    for count in (10, random_negatives.LARGEST_DRAWN_IN_PAIRS):
        labels = torch.randint(5, (count,), generator=torch.Generator().manual_seed(0))
        torch.manual_seed(7)
        expected = torch.rand(count, count).masked_fill(labels[:, None] == labels, -1.0).argmax(dim=1)
        torch.manual_seed(7)
        assert torch.equal(draw(labels)[0], expected)


@pytest.mark.parametrize('entries', [1, 25, 1000])
def test_blocks_of_anchors_change_nothing(entries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = random_rows(30), torch.randint(4, (30,), generator=torch.Generator().manual_seed(1))
    labels[7] = 9
    expected = hardest_pairs(features, labels)
    monkeypatch.setattr(hard_pair, 'BLOCK_ENTRIES', entries)
    assert all(torch.equal(*pair) for pair in zip(hardest_pairs(features, labels), expected, strict=True))


def test_memory_is_that_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forward and backward: no matrix of all pairs."""
    features, labels = random_rows(600).requires_grad_(), torch.arange(600) % 7
    monkeypatch.setattr(hard_pair, 'BLOCK_ENTRIES', 6000)
    with LargestTensor() as largest:
        pairs = HardPairMixup()(features, labels, 7)
        (pairs.positives.sum() + pairs.negatives.sum()).backward()
    # Mixtures of both kinds with their soft labels.
    assert largest.entries == max(6000, 2 * 600 * 7)


@pytest.mark.usefixtures('way')
@pytest.mark.parametrize('generator', [HardPairMixup(), ManifoldMixup()], ids=str)
def test_nothing_waits_for_the_device(generator: PairGenerator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forward and backward, with the checks of labels that CUDA gets."""
    monkeypatch.setattr(torch.compiler, 'is_compiling', lambda: True)

    def step(labels: Tensor) -> None:
        pairs = generator(random_rows(len(labels)).requires_grad_(), labels, 5)
        (pairs.positives.sum() + pairs.negatives.sum()).backward()

    for name in ('mixed', 'one class', 'one sample'):
        assert not synchronisations(lambda: step(BATCHES[name]))  # noqa: B023
