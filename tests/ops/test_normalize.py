"""l2_normalize: unit rows, and rows without a direction."""

import pytest
import torch
from torch import Tensor

from cft.ops import l2_normalize

DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


def rows(scale: float = 1.0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Six reproducible rows of length about ``2 * scale``."""
    generator = torch.Generator().manual_seed(0)
    return (scale * torch.randn(6, 4, generator=generator, dtype=torch.float64)).to(dtype)


@pytest.mark.parametrize('scale', [1e-4, 1.0, 1e4])
def test_rows_get_unit_length_and_keep_their_direction(scale: float) -> None:
    """The result is the row over its length."""
    expected = torch.stack([row / row.square().sum().sqrt() for row in rows(scale)])
    torch.testing.assert_close(l2_normalize(rows(scale)), expected, rtol=1e-14, atol=0)


def test_the_last_dimension_is_normalised() -> None:
    """Leading dimensions are a mere arrangement of rows."""
    arranged = rows().reshape(2, 3, 4)
    assert torch.equal(l2_normalize(arranged).reshape(6, 4), l2_normalize(rows()))
    assert torch.equal(l2_normalize(rows()[0]), l2_normalize(rows())[0])
    assert l2_normalize(torch.zeros(0, 4)).shape == (0, 4)


def test_gradient_of_ordinary_rows() -> None:
    """First and second derivatives agree with finite differences."""
    features = rows().requires_grad_()
    assert torch.autograd.gradcheck(l2_normalize, features)
    assert torch.autograd.gradgradcheck(l2_normalize, features)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_zero_rows_stay_zero_with_gradient_1(dtype: torch.dtype) -> None:
    """Neither the value nor the gradient of a zero row is NaN or huge, and its neighbours do not notice."""
    features = rows(dtype=dtype)
    features[2] = 0
    features.requires_grad_()
    result = l2_normalize(features)
    result.sum().backward()
    others = [0, 1, 3, 4, 5]
    assert (result[2] == 0).all()
    assert (features.grad[2] == 1).all()
    assert torch.equal(result[others], l2_normalize(features.detach()[others]))
    assert features.grad.isfinite().all()


@pytest.mark.parametrize('length', [1e-30, 1e-7, 0.9e-6])
def test_rows_below_eps_are_returned_as_they_are(length: float) -> None:
    """They would otherwise be blown up by 1 / length."""
    features = torch.tensor([[0.0, length, 0.0]], dtype=torch.float64, requires_grad=True)
    result = l2_normalize(features)
    result.sum().backward()
    assert torch.equal(result, features)
    assert (features.grad == 1).all()


def test_eps_is_in_units_of_the_features() -> None:
    """A row of length 0.5 has a direction for eps 0.4 and none for eps 0.6."""
    features = torch.tensor([[0.3, 0.4]], dtype=torch.float64)
    torch.testing.assert_close(l2_normalize(features, eps=0.4), 2 * features, rtol=1e-14, atol=0)
    assert torch.equal(l2_normalize(features, eps=0.6), features)
    assert torch.equal(l2_normalize(20 * features, eps=12), 20 * features)


@pytest.mark.parametrize(('dtype', 'scale'), [(torch.float32, 2.0**120), (torch.float64, 2.0**1020)], ids=str)
def test_long_rows_keep_direction_and_gradient_to_the_last_bit(dtype: torch.dtype, scale: float) -> None:
    """Their squares are infinite; a power of two changes no digit."""
    plain, long = rows(dtype=dtype).requires_grad_(), (scale * rows(dtype=dtype)).requires_grad_()
    weights = rows(dtype=dtype).flip(0)
    for features in (plain, long):
        (l2_normalize(features) * weights).sum().backward()
    assert torch.equal(l2_normalize(long), l2_normalize(plain))
    torch.testing.assert_close(long.grad * scale, plain.grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('dtype', [torch.int64, torch.bool, torch.complex64], ids=str)
def test_other_numbers_are_refused(dtype: torch.dtype) -> None:
    """Unit rows of integers would be zeros."""
    with pytest.raises(ValueError, match=f'must be floating-point numbers, got {dtype}'):
        l2_normalize(torch.ones(2, 3).to(dtype))


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('scale', [1e-3, 1.0, 500.0])
def test_type_is_kept_and_its_range_is_enough(dtype: torch.dtype, scale: float) -> None:
    """Rows that the type can hold are normalised to the type's precision."""
    features = rows(scale, dtype)
    result = l2_normalize(features)
    assert result.dtype == dtype
    expected = torch.nn.functional.normalize(features.double())
    torch.testing.assert_close(result.double(), expected, rtol=0, atol=2 * torch.finfo(dtype).eps)
