"""DomainBalancedSampler: the order, against counting and plain loops."""

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import RepeatDataset
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import DataLoader, Dataset

from cft.datasets import DomainBalancedSampler, DomainFolder
from cft.datasets.samplers import domain_balanced
from cft.errors import ConfigError
from tests.support.domain_files import draw_domains


class Domains(Dataset):
    """Samples are their own index; the domains lie mixed."""

    metainfo: dict = {}

    def __init__(self, *sizes: int) -> None:
        labels = [4 * domain for domain, size in enumerate(sizes) for _ in range(size)]
        self.domains = np.random.default_rng(0).permutation(labels)

    def get_domains(self) -> np.ndarray:
        return self.domains

    def full_init(self) -> None:
        pass

    def __len__(self) -> int:
        return len(self.domains)

    def __getitem__(self, index: int) -> int:
        return index


def draw(dataset: Dataset, number: int, skip: int = 0, **options: object) -> list[int]:
    sampler = DomainBalancedSampler(dataset, **{'seed': 3} | options)
    if skip:
        sampler.skip(skip)
    return list(islice(sampler, number))


def on_rank(monkeypatch: pytest.MonkeyPatch, rank: int, world_size: int) -> None:
    monkeypatch.setattr(domain_balanced, 'get_dist_info', lambda: (rank, world_size))


@pytest.mark.parametrize('sizes', [(7, 3, 12), (1, 9), (4, 4, 4, 4), (5,)])
@pytest.mark.parametrize('batch', [1, 2, 3, 4, 6, 7, 12, 20])
def test_every_batch_is_balanced(sizes: tuple[int, ...], batch: int) -> None:
    dataset = Domains(*sizes)
    order = draw(dataset, 20 * batch)
    for start in range(0, len(order), batch):
        counts = Counter(dataset.domains[order[start : start + batch]].tolist())
        number = [counts[domain] for domain in set(dataset.domains.tolist())]
        assert max(number) - min(number) <= (batch % len(sizes) > 0)


def test_each_domain_is_reshuffled_and_never_cut_off() -> None:
    """Pass by pass, each of a domain's samples occurs once; the passes differ in order."""
    dataset = Domains(7, 3, 12)
    order = np.array(draw(dataset, 3 * 84))
    for domain, size in zip((0, 4, 8), (7, 3, 12), strict=True):
        passes = order[dataset.domains[order] == domain].reshape(-1, size)
        members = np.flatnonzero(dataset.domains == domain).tolist()
        assert all(sorted(one) == members for one in passes.tolist())
        assert len({tuple(one) for one in passes.tolist()}) > 1


def test_same_seed_same_order() -> None:
    dataset = Domains(9, 8, 7)
    first = draw(dataset, 100)
    assert draw(dataset, 100) == first
    assert draw(dataset, 100, seed=4) != first
    sampler = DomainBalancedSampler(dataset, seed=3)
    assert [list(islice(sampler, 5)) for _ in range(2)] == [first[:5]] * 2


def test_without_shuffling_the_samples_come_as_they_are() -> None:
    dataset = Domains(2, 3)
    low, high = (np.flatnonzero(dataset.domains == domain).tolist() for domain in (0, 4))
    expected = [low[0], high[0], low[1], high[1], low[0], high[2], low[1], high[0]]
    assert draw(dataset, 8, shuffle=False) == expected


@pytest.mark.parametrize('skipped', [1, 4, 36, 1000])
@pytest.mark.parametrize('rank', [0, 1])
def test_skipping_continues(monkeypatch: pytest.MonkeyPatch, skipped: int, rank: int) -> None:
    on_rank(monkeypatch, rank, 2)
    dataset = Domains(7, 3, 12)
    assert draw(dataset, 50, skip=skipped) == draw(dataset, skipped + 50)[skipped:]


def test_nothing_to_skip_backwards() -> None:
    with pytest.raises(ValueError, match='-1'):
        DomainBalancedSampler(Domains(1, 1), seed=0).skip(-1)


@pytest.mark.parametrize('world_size', [2, 3, 4])
def test_processes_share_one_sequence(monkeypatch: pytest.MonkeyPatch, world_size: int) -> None:
    """Rounds are dealt out: together the processes draw what one process draws, and each is balanced."""
    dataset = Domains(7, 3, 12)
    rounds = 30
    alone = draw(dataset, 3 * rounds * world_size)
    shares = []
    for rank in range(world_size):
        on_rank(monkeypatch, rank, world_size)
        shares.append(draw(dataset, 3 * rounds))
        for start in range(0, 3 * rounds, 6):
            assert set(Counter(dataset.domains[shares[-1][start : start + 6]].tolist()).values()) == {2}
    for number in range(rounds * world_size):
        share = shares[number % world_size][number // world_size * 3 :][:3]
        assert sorted(share) == sorted(alone[3 * number :][:3])


def test_what_a_batch_leaves_over_does_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three processes with batches of 4 from three domains: 12 samples, 4 of each."""
    dataset = Domains(7, 3, 12)
    joined = []
    for rank in range(3):
        on_rank(monkeypatch, rank, 3)
        joined += draw(dataset, 4)
    assert set(Counter(dataset.domains[joined].tolist()).values()) == {4}


def test_dataset_that_cannot_tell_its_domains(tmp_path: Path) -> None:
    dataset = DomainFolder(str(draw_domains(tmp_path, {name: {'cat': 2} for name in 'abc'})), 'b')
    assert dataset.get_domains()[draw(dataset, 6)].tolist() == [0, 2] * 3
    with pytest.raises(ConfigError, match=r'domains of a RepeatDataset.*cft\.DomainFolder'):
        DomainBalancedSampler(RepeatDataset(dataset, times=2), seed=0)


def test_empty_dataset() -> None:
    with pytest.raises(ConfigError, match='without samples'):
        DomainBalancedSampler(Domains(), seed=0)


def test_in_a_data_loader_with_workers() -> None:
    """Built by MMEngine with its default arguments; length as its InfiniteSampler's."""
    dataset = Domains(4, 5)
    sampler = DATA_SAMPLERS.build(dict(type='cft.DomainBalancedSampler'), default_args=dict(dataset=dataset, seed=3))
    assert len(sampler) == 9
    batches = islice(DataLoader(dataset, batch_size=4, sampler=sampler, num_workers=1), 6)
    assert [index for batch in batches for index in batch.tolist()] == draw(dataset, 24)
    assert DomainBalancedSampler(dataset).seed >= 0
