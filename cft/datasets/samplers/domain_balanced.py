"""Batches with equally many samples of every domain, without end."""

from collections.abc import Iterator
from itertools import count

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Dataset, Sampler

from cft.errors import ConfigError
from cft.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class DomainBalancedSampler(Sampler):
    """Draw from the domains in turn, each in an order of its own.

    The endless sequence consists of rounds with one sample of each of the D
    domains. Any D*k samples in a row hold exactly k of each domain, and in any
    other batch two domains differ by at most one. A domain is shuffled anew
    whenever all its samples have been drawn, so smaller domains come more often
    and none is cut off. DomainBed draws a batch of 32 from each domain: that is
    ``batch_size=32 * D`` here.

    With W processes, round t belongs to process t mod W: the processes share
    one sequence, no draw is made twice, and the batches of each are balanced.
    The domain with which its rounds begin differs by process, so that what a
    batch size that is no multiple of D leaves over does not add up.

    The sample at a position follows from the seed, the process and the position
    alone. Resuming in MMEngine's ``IterBasedTrainLoop`` (through :meth:`skip`)
    thus continues as if there had been no interruption. An epoch-based loop
    would not end.

    Args:
        dataset: One with ``get_domains()``, the domain index of each sample,
            such as :class:`cft.datasets.DomainFolder`. Wrappers such as
            ``RepeatDataset`` have none; the endless order does not need them.
        shuffle: Shuffle each domain; otherwise its samples come as they are.
        seed: Seed of the orders, the same in all processes; None draws one.

    Raises:
        ConfigError: If the dataset cannot tell the domains, or is empty.

    Example:
        >>> train_dataloader = dict(batch_size=96, sampler=dict(type='cft.DomainBalancedSampler'))
    """

    def __init__(self, dataset: Dataset, shuffle: bool = True, seed: int | None = None) -> None:
        if not hasattr(dataset, 'get_domains'):
            raise ConfigError(
                f'cft.DomainBalancedSampler cannot tell the domains of a {type(dataset).__name__}; use it with '
                'cft.DomainFolder itself, or give the dataset a method get_domains()'
            )
        domains = np.asarray(dataset.get_domains())
        if len(domains) == 0:
            raise ConfigError('cft.DomainBalancedSampler got a dataset without samples')
        self.members = [np.flatnonzero(domains == domain) for domain in np.unique(domains)]
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.rank, self.world_size = get_dist_info()
        self.size = len(domains)
        self.start = 0

    def skip(self, num_samples: int) -> None:
        """Begin behind the first ``num_samples`` of this process, counted from the start of the run."""
        if num_samples < 0:
            raise ValueError(f'num_samples must not be negative, got {num_samples}')
        self.start = num_samples

    def __iter__(self) -> Iterator[int]:
        passes: dict[int, tuple[int, np.ndarray]] = {}
        for position in count(self.start):
            round_of_rank, place = divmod(position, len(self.members))
            domain = (place + self.rank) % len(self.members)
            number, index = divmod(round_of_rank * self.world_size + self.rank, len(self.members[domain]))
            if passes.get(domain, (None,))[0] != number:
                passes[domain] = (number, self._order(domain, number))
            yield int(passes[domain][1][index])

    def __len__(self) -> int:
        """Number of samples of the dataset; the sequence itself has no end."""
        return self.size

    def _order(self, domain: int, number: int) -> np.ndarray:
        """The indices of a domain as its pass of this number takes them."""
        if not self.shuffle:
            return self.members[domain]
        return np.random.default_rng([self.seed, domain, number]).permutation(self.members[domain])
