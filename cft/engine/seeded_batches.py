"""Augmentation that follows from the seed, the rank and the place in the run, whichever process draws it."""

import random
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from itertools import islice
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, Sampler, get_worker_info

# Beside those of cft.IterationSeedHook, so that no two streams begin alike.
TRAINING, OTHER_PASS = 2, 3


class SeededBatch(Sequence):
    """Indices of a batch that seed Python, NumPy and PyTorch as one iterates over them.

    A data loader fetches a batch with ``[dataset[index] for index in batch]``,
    in a worker or in the main process. The seeds are set right before each
    ``dataset[index]``; so what a sample draws depends neither on the number of
    workers nor on what was drawn before, and the data set and its wrappers
    stay as they are. In the main process the generators are put back after the
    last sample: the model's draws do not notice.

    Args:
        indices: Of the samples.
        key: Numbers that name this batch in this run.

    Example:
        >>> batch = SeededBatch([3, 1], key=(0, 0, 5))
        >>> draws = [[random.random() for _ in batch] for _ in range(2)]
        >>> draws[0] == draws[1], draws[0][0] == draws[0][1]
        (True, False)
    """

    def __init__(self, indices: Sequence, key: tuple[int, ...]) -> None:
        self.indices = indices
        self.key = key

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, position: int | slice) -> Any:
        return self.indices[position]

    def __iter__(self) -> Iterator:
        if get_worker_info() is not None:
            yield from self._seeding()
            return
        with undisturbed_generators():
            yield from self._seeding()

    def _seeding(self) -> Iterator:
        seeds = np.random.SeedSequence(self.key).generate_state(3 * len(self.indices)).reshape(-1, 3).tolist()
        for index, (python, numpy, pytorch) in zip(self.indices, seeds, strict=True):
            random.seed(python)
            np.random.seed(numpy)
            # Not torch.manual_seed, which would also seed the GPUs.
            torch.default_generator.manual_seed(pytorch)
            yield index


@contextmanager
def undisturbed_generators() -> Iterator[None]:
    """Put the states of Python's, NumPy's and PyTorch's CPU generators back at the end."""
    python, numpy, pytorch = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(pytorch)


class SeededBatches(Sampler):
    """The batches of another batch sampler, each a :class:`SeededBatch`.

    Other attributes, such as ``sampler``, are those of the batch sampler.

    Args:
        batch_sampler: Yields lists of indices.
        seed: Of the run.
        rank: Of this process.

    Example:
        >>> batches = SeededBatches([[0, 1], [2, 3], [4]], seed=0, rank=0)
        >>> batches.begin(iteration=7, drop=1)
        1
        >>> [(batch.indices, batch.key[2]) for batch in batches]
        [([2, 3], 7), ([4], 8)]
    """

    def __init__(self, batch_sampler: Iterable[list], seed: int, rank: int) -> None:
        self.batch_sampler = batch_sampler
        self.seed = seed
        self.rank = rank
        self._training = False
        self._first = 0
        self._prepared: Iterator | None = None

    def __getattr__(self, name: str) -> object:
        if name == 'batch_sampler':
            raise AttributeError(name)
        return getattr(self.batch_sampler, name)

    def begin(self, iteration: int, drop: int = 0) -> int:
        """Prepare the next pass; the images of dropped batches are not loaded.

        Args:
            iteration: Of the run, of the first batch that is not dropped.
            drop: Number of batches at the beginning of the pass to leave out.

        Returns:
            The number of batches left out: less than ``drop`` if the pass has no more.
        """
        self._training = True
        self._first = iteration
        batches = self.batch_sampler
        if drop and type(batches) is BatchSampler and hasattr(batches.sampler, 'skip'):
            batches.sampler.skip(drop * batches.batch_size)
            self._prepared = iter(batches)
            return drop
        self._prepared = iter(self.batch_sampler)
        return sum(1 for _ in islice(self._prepared, drop))

    def __iter__(self) -> Iterator[SeededBatch]:
        # All this with the first batch: data loaders ask for several iterators and use the last.
        batches, self._prepared = self._prepared or iter(self.batch_sampler), None
        purpose = TRAINING if self._training else OTHER_PASS
        for number, indices in enumerate(batches, self._first):
            yield SeededBatch(indices, (self.seed, self.rank, number, purpose))

    def __len__(self) -> int:
        return len(cast(Sized, self.batch_sampler))


def seed_batches(dataloader: DataLoader, seed: int, rank: int) -> SeededBatches | None:
    """Let a data loader, which has not been used yet, seed every sample.

    Returns:
        Its new batch sampler, or None if its data come without batches of
        indices; then it is left as it is.

    Example:
        >>> loader = DataLoader(range(4), batch_size=2)
        >>> seed_batches(loader, seed=0, rank=0) is loader.batch_sampler
        True
    """
    if dataloader.batch_sampler is None or isinstance(dataloader.dataset, IterableDataset):
        return None
    batches = SeededBatches(dataloader.batch_sampler, seed, rank)
    # A DataLoader refuses the assignment, to protect iterators that exist. Its other
    # attributes, such as the batch size that hooks ask for, a new one would not have.
    object.__setattr__(dataloader, 'batch_sampler', batches)
    return batches
