"""spherical_kmeans works on blocks of rows."""

import pytest
import torch

from cft.ops import _kmeans_steps, spherical_kmeans
from tests.support.comparison import random_rows
from tests.support.tensor_sizes import LargestTensor


@pytest.mark.parametrize('entries', [1, 100, 4096])
def test_blocks_bound_the_memory_and_change_nothing(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    """Neither the similarities nor a copy of the rows exist as a whole."""
    features, initial = random_rows(300, 48), random_rows(64, 48, seed=1)
    expected = spherical_kmeans(features, 64, 2, initial=initial)
    monkeypatch.setattr(_kmeans_steps, 'BLOCK_ENTRIES', entries)
    with LargestTensor() as largest:
        centroids, assignments = spherical_kmeans(features, 64, 2, initial=initial)
    assert largest.entries <= max(entries, initial.numel())
    assert torch.equal(assignments, expected[1])
    torch.testing.assert_close(centroids, expected[0], rtol=0, atol=1e-13)
