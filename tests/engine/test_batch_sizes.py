"""What can be said of the size of a loader's batches before it runs."""

import pytest
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from cft.engine.batch_sizes import batch_size_of, drops_last, fixed_batch_size
from cft.engine.seeded_batches import seed_batches

IMAGES = list(range(7))


class Pairs(BatchSampler):
    """Of its own kind: what its batches hold cannot be known."""


@pytest.mark.parametrize('seeded', [False, True])
@pytest.mark.parametrize('drop_last', [False, True])
def test_promises_are_kept(drop_last: bool, seeded: bool) -> None:
    """A size is fixed exactly if all batches have it, with seeded batches as with plain ones."""
    loader = DataLoader(IMAGES, batch_size=3, drop_last=drop_last)
    if seeded:
        seed_batches(loader, seed=0, rank=0)
    assert (batch_size_of(loader), drops_last(loader)) == (3, drop_last)
    assert fixed_batch_size(loader) == (3 if drop_last else None)
    if not seeded:
        assert ({len(batch) for batch in loader} == {3}) == drop_last


def test_other_batch_samplers_promise_nothing() -> None:
    loader = DataLoader(IMAGES, batch_sampler=Pairs(SequentialSampler(IMAGES), batch_size=2, drop_last=True))
    assert (batch_size_of(loader), drops_last(loader), fixed_batch_size(loader)) == (2, True, None)


def test_without_batches() -> None:
    loader = DataLoader(IMAGES, batch_size=None)
    assert batch_size_of(loader) is None and fixed_batch_size(loader) is None
