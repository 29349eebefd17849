"""full_precision: what the decorated function sees, and what comes back."""

import pytest
import torch
from torch import Tensor

from cft.ops import full_precision


@full_precision
def product(first: Tensor, second: Tensor) -> Tensor:
    """A matrix product, which autocast would shorten."""
    return first @ second


@full_precision
def seen(*args: object, **kwargs: object) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments as they arrive."""
    return args, kwargs


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
        (torch.int16, torch.int16),
        (torch.bool, torch.bool),
        (torch.complex64, torch.complex64),
    ],
    ids=str,
)
def test_short_floats_are_widened_and_nothing_else(given: torch.dtype, expected: torch.dtype) -> None:
    """Positional and named tensors alike."""
    tensor = torch.ones(2).to(given)
    (positional,), named = seen(tensor, name=tensor)
    assert positional.dtype == named['name'].dtype == expected
    assert torch.equal(positional, tensor.to(expected))


def test_different_types_meet_in_the_widest() -> None:
    first = torch.ones(1, 3, dtype=torch.float64)
    second = torch.ones(3, 1, dtype=torch.bfloat16, requires_grad=True)
    result = product(first, second)
    result.sum().backward()
    assert result.dtype == torch.float64
    assert second.grad.dtype == torch.bfloat16


def test_other_arguments_pass_through() -> None:
    """What is no tensor arrives as the same object."""
    thing = object()
    args, kwargs = seen(thing, None, 0.5, flag=True, thing=thing)
    assert args == (thing, None, 0.5)
    assert kwargs == {'flag': True, 'thing': thing}


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_is_off_inside_and_on_again_after(dtype: torch.dtype) -> None:
    """The product has full precision only where it is decorated."""
    first, second = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), torch.full((8, 3), 1.001)
    with torch.autocast('cpu', dtype=dtype):
        inside = product(first, second)
        assert (first @ second).dtype == dtype
    assert torch.equal(inside, first @ second)
    assert inside.dtype == torch.float32


def test_autocast_is_restored_after_an_error() -> None:
    """A failing function leaves the caller's autocast as it was."""
    with torch.autocast('cpu', dtype=torch.bfloat16):
        with pytest.raises(RuntimeError, match='mat1 and mat2'):
            product(torch.ones(2, 3), torch.ones(2, 3))
        assert torch.is_autocast_enabled('cpu')


def test_gradient_returns_in_the_original_type() -> None:
    """A float16 leaf receives a float16 gradient, computed in float32."""
    first = torch.full((1, 3), 300.0, dtype=torch.float16, requires_grad=True)
    second = torch.full((3, 1), 300.0, dtype=torch.float16)
    result = product(first, second)
    assert result.item() == 270000
    (result / 1000).sum().backward()
    assert first.grad.dtype == torch.float16
    assert torch.equal(first.grad, torch.full((1, 3), 0.3, dtype=torch.float16))


def test_name_and_docstring_are_kept() -> None:
    """The decorated function documents itself."""
    assert product.__name__ == 'product'
    assert product.__doc__ == 'A matrix product, which autocast would shorten.'
