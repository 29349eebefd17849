"""The sums over similarities, against plain loops, and what they hold in memory."""

import math

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from cft.ops import by_row_blocks, l2_normalize, row_blocks
from cft.ops.contrastive import batch_statistics, lowest, tiles
from tests.support.comparison import random_rows

LABELS = torch.tensor([4, 1, 1, 0, 4, 1, 2, 1, 4, 0, 1])


class LargestTensor(TorchDispatchMode):
    """Records how many entries the largest tensor has that an operation returns."""

    entries = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(value, Tensor) and value._base is None:
                self.entries = max(self.entries, value.numel())
        return result


@pytest.mark.parametrize('tile', [3, 4, 100])
@pytest.mark.parametrize('temperature', [0.005, 0.07, 0.7])
def test_sums_are_those_of_loops(monkeypatch: pytest.MonkeyPatch, temperature: float, tile: int) -> None:
    """Relative to the largest exponent, so that the loops do not overflow at a temperature of 0.005."""
    monkeypatch.setattr(tiles, 'TILE', tile)
    rows = l2_normalize(random_rows(len(LABELS)))
    sums, number_of_positives, number_of_negatives = batch_statistics(
        rows, LABELS, temperature, entropy=True, squares=True
    )
    for i in range(len(rows)):
        others = [j for j in range(len(rows)) if j != i]
        same = [float(rows[i] @ rows[j]) / temperature for j in others if LABELS[j] == LABELS[i]]
        different = [float(rows[i] @ rows[j]) / temperature for j in others if LABELS[j] != LABELS[i]]
        assert number_of_positives[i] == len(same) and number_of_negatives[i] == len(different)
        top = max(different)
        assert sums.negatives[i].item() == pytest.approx(top + math.log(sum(math.exp(s - top) for s in different)))
        squares = 2 * top + math.log(sum(math.exp(2 * (s - top)) for s in different))
        assert sums.squared_negatives[i].item() == pytest.approx(squares, rel=1e-11)
        assert sums.positive_sum[i].item() == pytest.approx(sum(same), rel=1e-11)
        if not same:
            assert sums.positives[i] == lowest(rows.dtype) and sums.positive_entropy[i] == 0
            continue
        top = max(same)
        total = sum(math.exp(s - top) for s in same)
        assert sums.positives[i].item() == pytest.approx(top + math.log(total), rel=1e-11)
        shares = [math.exp(s - top) / total for s in same]
        entropy = -sum(q * math.log(q) for q in shares if q > 0)
        assert sums.positive_entropy[i].item() == pytest.approx(entropy, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize('temperature', [0.02, 0.07])
@pytest.mark.parametrize('classes', [1, 3, 400])
def test_nothing_is_larger_than_the_rows_or_a_tile(
    monkeypatch: pytest.MonkeyPatch, classes: int, temperature: float
) -> None:
    """Neither similarities nor masks of the batch exist as a whole."""
    monkeypatch.setattr(tiles, 'TILE', 32)
    rows, labels = l2_normalize(random_rows(400, 8)).requires_grad_(), torch.arange(400) % classes
    with LargestTensor() as largest:
        sums = batch_statistics(rows, labels, temperature, entropy=True, squares=True).sums
        sum(each.sum() for each in sums if each is not None).backward()
    assert 32**2 <= largest.entries <= rows.numel() < 400**2


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Value and gradient of a function of rows, with a mask that needs none."""
    mask = torch.arange(11) % 3 > 0

    def function(first: Tensor, second: Tensor, exists: Tensor) -> Tensor:
        return (l2_normalize(first) * second.masked_fill(~exists[:, None], 0.5)).sum(dim=1)

    results = []
    for block in (100, 4):
        monkeypatch.setattr(row_blocks, 'BLOCK', block)
        leaves = [random_rows(11, seed=seed).requires_grad_() for seed in range(2)]
        result = by_row_blocks(function, *leaves, mask)
        results.append([result, *torch.autograd.grad(result.square().sum(), leaves)])
    for whole, blocks in zip(*results, strict=True):
        torch.testing.assert_close(blocks, whole, rtol=1e-12, atol=1e-14)
