"""softmax_moments against the softmax of the whole matrix."""

import pytest
import torch
from torch import Tensor

from cft.ops.contrastive import moments, softmax_moments
from tests.support.comparison import random_rows
from tests.support.tensor_sizes import LargestTensor


@pytest.fixture(params=[1, 3, 256], autouse=True)
def tile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Tiles of one candidate, with a rest, and all of them at once."""
    monkeypatch.setattr(moments, 'NARROWEST_TILE', request.param)
    monkeypatch.setattr(moments, 'TILE_ENTRIES', {'cpu': 1, 'other': 1})
    return request.param


def plain(rows: Tensor, candidates: Tensor, own: bool = False) -> tuple[Tensor, Tensor]:
    """The matrix and its softmax."""
    logits = rows @ candidates.T
    if own:
        places = torch.arange(len(rows))
        logits = logits.index_put((places, places % len(candidates)), torch.tensor(-torch.inf).to(logits))
    return logits.logsumexp(dim=1), logits.softmax(dim=1) @ candidates


@pytest.mark.parametrize('own', [False, True])
@pytest.mark.parametrize('scale', [0.0, 1.0, 500.0])
def test_values_are_those_of_the_whole_matrix(own: bool, scale: float) -> None:
    """Also where exponentials lie beyond any floating-point number."""
    rows, candidates = scale * random_rows(20), random_rows(10, seed=1)
    found, expected = softmax_moments(rows, candidates, own), plain(rows, candidates, own)
    torch.testing.assert_close(tuple(found), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize('own', [False, True])
def test_gradient_of_the_rows(own: bool) -> None:
    rows, candidates = random_rows(20).requires_grad_(), random_rows(10, seed=1)
    assert torch.autograd.gradcheck(lambda z: softmax_moments(z, candidates, own).logsumexp, (rows,))
    logsumexp, mean = softmax_moments(rows, candidates, own)
    assert not mean.requires_grad
    torch.testing.assert_close(torch.autograd.grad(logsumexp.sum(), rows)[0], mean)


def test_gradient_of_the_candidates() -> None:
    """In a second pass over the tiles, and only if it is asked for."""
    rows, candidates = random_rows(6).requires_grad_(), random_rows(10, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda z, c: softmax_moments(z, c).logsumexp, (rows, candidates))
    assert torch.autograd.gradcheck(lambda c: softmax_moments(rows.detach(), c).logsumexp, (candidates,))
    for options in ({'own': True}, {'normalize': True}):
        softmax_moments(rows, candidates[:6], **options).logsumexp.sum().backward()
        assert candidates.grad is None


def test_second_derivatives_are_refused() -> None:
    """The gradient is known after the forward pass, as a number."""
    rows = random_rows(6).requires_grad_()
    value = softmax_moments(rows, random_rows(9)).logsumexp.square().sum()
    (gradient,) = torch.autograd.grad(value, rows, create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        gradient.sum().backward()


def test_candidates_may_change_before_the_backward_pass() -> None:
    rows, candidates = random_rows(6).requires_grad_(), random_rows(9, seed=1)
    logsumexp, mean = softmax_moments(rows, candidates)
    candidates.zero_()
    logsumexp.sum().backward()
    torch.testing.assert_close(rows.grad, mean)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_arithmetic_has_the_type_of_the_rows(dtype: torch.dtype) -> None:
    """Candidates of a short type are widened, not rows shortened."""
    rows, candidates = random_rows(6), random_rows(9, seed=1, dtype=dtype)
    found, expected = softmax_moments(rows, candidates), plain(rows, candidates.double())
    torch.testing.assert_close(tuple(found), expected, rtol=1e-12, atol=1e-13)


def test_candidates_are_scaled_to_unit_length_tile_by_tile() -> None:
    rows, candidates = random_rows(6), 3 * random_rows(9, seed=1)
    found = softmax_moments(rows, candidates, normalize=True)
    expected = plain(rows, torch.nn.functional.normalize(candidates))
    torch.testing.assert_close(tuple(found), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize('place', [0, 4, 8])
def test_not_a_number_is_passed_on(place: int) -> None:
    """By a candidate to every row, by a row to itself alone."""
    rows, candidates = random_rows(6), random_rows(9, seed=1)
    candidates[place, 0] = torch.nan
    assert softmax_moments(rows, candidates).logsumexp.isnan().all()
    rows[2, 1] = torch.nan
    assert softmax_moments(rows, random_rows(9)).logsumexp.isnan().tolist() == [row == 2 for row in range(6)]


def test_no_rows_and_no_candidates() -> None:
    logsumexp, mean = softmax_moments(random_rows(0), random_rows(9))
    assert (logsumexp.shape, mean.shape) == ((0,), (0, 5))
    with pytest.raises(ValueError, match='at least one candidate'):
        softmax_moments(random_rows(6), random_rows(0))


@pytest.mark.parametrize('candidates', [1000, 4000])
def test_memory_does_not_grow_with_the_candidates(candidates: int, tile: int) -> None:
    """Forward and backward: rows, a tile of similarities and a tile of candidates, nothing else."""
    rows, keys = random_rows(40).requires_grad_(), random_rows(candidates, dtype=torch.float16)
    with LargestTensor() as largest:
        softmax_moments(rows, keys, normalize=True).logsumexp.sum().backward()
    assert largest.entries == 40 * max(tile, 5)
