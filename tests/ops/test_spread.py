"""Standard deviation and entropy of features against loops and closed forms."""

import math

import pytest
import torch

from cft.ops import relation_entropy, unit_row_moments, unit_row_std


def test_std_equals_a_loop_and_batches_add_up() -> None:
    rows = torch.randn(12, 5, generator=torch.Generator().manual_seed(0)) * 3 + 1
    unit = [[float(value) / math.sqrt(sum(float(v) ** 2 for v in row)) for value in row] for row in rows]
    stds = []
    for column in zip(*unit, strict=True):
        mean = sum(column) / 12
        stds.append(math.sqrt(sum((value - mean) ** 2 for value in column) / 12))
    expected = math.sqrt(5) * sum(stds) / 5
    assert float(unit_row_std(unit_row_moments(rows))) == pytest.approx(expected, rel=1e-6)
    parts = unit_row_moments(rows[:4]) + unit_row_moments(rows[4:])
    assert float(unit_row_std(parts)) == pytest.approx(expected, rel=1e-6)


def test_std_of_even_and_of_collapsed_features() -> None:
    even = torch.randn(4000, 32, generator=torch.Generator().manual_seed(1))
    assert float(unit_row_std(unit_row_moments(even))) == pytest.approx(1, abs=5e-3)
    assert float(unit_row_std(unit_row_moments(torch.full((64, 2048), 0.3)))) < 1e-6
    assert float(unit_row_std(unit_row_moments(torch.zeros(3, 4)))) == 0
    # Half of the dimensions unused.
    flat = torch.cat([even, torch.zeros_like(even)], dim=1)
    assert float(unit_row_std(unit_row_moments(flat))) == pytest.approx(math.sqrt(0.5), abs=5e-3)


def test_entropy_equals_a_loop() -> None:
    generator = torch.Generator().manual_seed(2)
    keys, queue = torch.randn(3, 6, generator=generator), torch.randn(9, 6, generator=generator)
    expected = []
    for key in keys:
        weights = [math.exp(float(torch.cosine_similarity(key, other, dim=0)) / 0.3) for other in queue]
        shares = [weight / sum(weights) for weight in weights]
        expected.append(-sum(share * math.log(share) for share in shares) / math.log(9))
    assert relation_entropy(keys, queue, 0.3).tolist() == pytest.approx(expected, rel=1e-5)


def test_entropy_at_the_ends_and_in_half_precision() -> None:
    """One match at a low temperature has all the weight; equal keys share it; no NaN from 0 log 0."""
    directions = torch.eye(8)
    assert relation_entropy(directions, directions, 0.001).tolist() == pytest.approx([0] * 8, abs=1e-6)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        collapsed = relation_entropy(torch.ones(2, 4).bfloat16(), torch.ones(16, 4), 0.05)
    assert collapsed.dtype == torch.float32 and collapsed.tolist() == pytest.approx([1, 1], abs=1e-6)
