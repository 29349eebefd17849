"""all_finite and its relatives against PyTorch's own isfinite."""

import pytest
import torch

from cft.engine.finite import spread_if_not_finite
from cft.ops import all_finite, names_of_non_finite

SPECIAL = [0.0, 1e-40, 3e38, -3e38, float('inf'), -float('inf'), float('nan')]


@pytest.mark.parametrize('value', SPECIAL)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('place', [0, 7, 14])
def test_one_value_among_many(value: float, dtype: torch.dtype, place: int) -> None:
    """Large values overflow the norm without being infinite."""
    tensors = [torch.full((5,), 2.0, dtype=dtype) for _ in range(3)]
    tensors[place // 5][place % 5] = value
    assert all_finite(tensors) == all(bool(t.isfinite().all()) for t in tensors)


def test_nothing_and_mixed_types() -> None:
    assert all_finite([]) and all_finite([torch.ones(2), torch.ones((), dtype=torch.float64), torch.empty(0)])


def test_names() -> None:
    named = [('a', torch.ones(1)), ('b', torch.tensor(float('nan'))), ('c', None), ('d', torch.tensor(2))]
    assert names_of_non_finite(named) == ['b']


@pytest.mark.parametrize('value', SPECIAL[:4])
def test_finite_losses_are_unchanged(value: float) -> None:
    loss = torch.tensor(value, requires_grad=True)
    spread = spread_if_not_finite(loss)
    spread.backward()
    assert spread.item() == loss.item() and loss.grad == 1
