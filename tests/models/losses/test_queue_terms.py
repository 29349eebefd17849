"""Losses against a queue in several tiles: loops as oracle, unit rows, short types, several views, memory."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from cft.models.losses import (
    InfoNCELoss,
    ReSSLLoss,
    SCELoss,
    SCETermsLoss,
    ceiling_loss,
    info_nce_loss,
    ressl_loss,
    sce_loss,
)
from cft.models.losses.queue_loss import QueueLoss
from cft.models.losses.queue_terms import TermWeights, key_targets, pair_terms
from cft.ops.contrastive import moments
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients
from tests.support.tensor_sizes import LargestTensor

LOSSES: list[QueueLoss] = [InfoNCELoss(), ReSSLLoss(), SCELoss(), SCELoss(coefficient=1.0), SCETermsLoss(0.3, 0.0, 2.0)]
FUNCTIONS: list[Callable[..., Tensor]] = [info_nce_loss, ressl_loss, sce_loss, ceiling_loss]
EVERY = pytest.mark.parametrize('loss', LOSSES, ids=str)


def unit(count: int, seed: int, width: int = 5, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.nn.functional.normalize(random_rows(count, width, seed=seed)).to(dtype)


@pytest.fixture
def narrow_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three candidates at a time."""
    monkeypatch.setattr(moments, 'NARROWEST_TILE', 3)
    monkeypatch.setattr(moments, 'TILE_ENTRIES', {'cpu': 1, 'other': 1})


@pytest.mark.usefixtures('narrow_tiles')
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize('length', [None, 1, 11])
@pytest.mark.parametrize(
    ('loss', 'oracle'),
    [
        (InfoNCELoss(), oracles.info_nce),
        (ReSSLLoss(), oracles.ressl),
        (SCELoss(), oracles.sce),
        (SCETermsLoss(1.0, 0.0, 0.0, temperature=0.2), oracles.info_nce),
        (SCETermsLoss(0.0, 1.0, 0.0), oracles.ressl),
        (SCETermsLoss(), oracles.sce),
    ],
    ids=lambda value: getattr(value, '__name__', str(value)),
)
def test_tiles_give_the_equations(
    loss: QueueLoss, oracle: Callable[..., Tensor], length: int | None, dtype: torch.dtype
) -> None:
    """Value and gradient, to the digits of the type."""
    key, queue = random_rows(8, seed=1, dtype=dtype), None
    if length is not None:
        queue = random_rows(length, seed=2, dtype=dtype)
    wide = None if queue is None else queue.double()
    assert_matches_oracle(
        lambda query: loss(query, key if query.dtype == dtype else key.double(), queue),
        lambda query: oracle(query, key.double(), wide),
        random_rows(8, dtype=dtype),
    )


@pytest.mark.usefixtures('narrow_tiles')
@EVERY
@pytest.mark.parametrize('length', [None, 7])
def test_gradcheck(loss: QueueLoss, length: int | None) -> None:
    key, queue = random_rows(4, seed=1), None if length is None else random_rows(length, seed=2)
    assert torch.autograd.gradcheck(lambda query: loss(query, key, queue), (random_rows(4).requires_grad_(),))


@pytest.mark.parametrize('function', FUNCTIONS)
def test_rows_known_to_be_of_unit_length_are_taken_as_they_are(function: Callable[..., Tensor]) -> None:
    """The same loss for unit rows; another one for rows that are not."""
    query, key = random_rows(8), random_rows(8, seed=1)
    plain, trusting = function(query, key, unit(12, 2)), function(query, key, unit(12, 2), unit_queue=True)
    torch.testing.assert_close(trusting, plain, rtol=1e-12, atol=0)
    assert abs(function(query, key, 2 * unit(12, 2), unit_queue=True) - plain) > 1e-3


@EVERY
@pytest.mark.parametrize('length', [None, 9])
def test_pairs_at_once_are_those_one_by_one(loss: QueueLoss, length: int | None) -> None:
    """Four query views, two key views, own and partners' keys; values and gradients of every query."""
    keys, queue = random_rows(12, seed=1).view(2, 6, 5), None if length is None else unit(length, 2)
    partner, pairs = torch.tensor([3, 0, 1, 5, 2, 4]), [(0, 1), (2, 1), (3, 1), (1, 0), (2, 0), (3, 0)]
    factors = torch.randn(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def at_once(queries: Tensor) -> Tensor:
        targets = loss.key_targets(keys, queue)
        return (factors * loss.pair_losses(queries, [targets, targets.of_images(partner)], pairs, queue)).sum()

    def one_by_one(queries: Tensor) -> Tensor:
        asked = [[loss(queries[q], k[key], queue) for q, key in pairs] for k in (keys, keys[:, partner])]
        return (factors * torch.stack([torch.stack(row) for row in asked])).sum()

    queries = random_rows(24, seed=3).view(4, 6, 5)
    found, expected = (value_and_gradients(function, queries) for function in (at_once, one_by_one))
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(('dtype', 'most'), [(torch.float16, 2e-4), (torch.bfloat16, 2e-3)], ids=str)
@EVERY
def test_a_queue_of_a_short_type(loss: QueueLoss, dtype: torch.dtype, most: float) -> None:
    """Its rounding reaches the loss, and nothing more: arithmetic and gradient stay float32."""
    query, key = (random_rows(32, 64, seed=seed, dtype=torch.float32) for seed in (0, 1))
    queue = unit(500, 2, 64, torch.float32)
    value, (gradient,) = value_and_gradients(lambda q: loss(q, key, queue.to(dtype)), query)
    expected, (wanted,) = value_and_gradients(lambda q: loss(q, key, queue), query)
    assert value.dtype == gradient.dtype == torch.float32
    assert abs(value - expected) < most * expected
    assert 0 < (gradient - wanted).norm() < 10 * most * wanted.norm()


@EVERY
def test_the_queue_may_change_before_the_backward_pass(loss: QueueLoss) -> None:
    query, key, queue = random_rows(6).requires_grad_(), random_rows(6, seed=1), random_rows(9, seed=2)
    (expected,) = torch.autograd.grad(loss(query, key, queue), query)
    value = loss(query, key, queue)
    queue.zero_()
    assert torch.equal(torch.autograd.grad(value, query)[0], expected)


@pytest.mark.usefixtures('narrow_tiles')
@EVERY
@pytest.mark.parametrize('length', [None, 5000])
def test_neither_similarities_nor_a_copy_of_the_queue(loss: QueueLoss, length: int | None) -> None:
    """Forward and backward; with and without a queue."""
    query, key = random_rows(60).requires_grad_(), random_rows(60, seed=1)
    queue = None if length is None else random_rows(length, seed=2, dtype=torch.float16)
    with LargestTensor() as largest:
        loss(query, key, queue).backward()
    assert largest.entries == 60 * 5


def test_a_relational_term_needs_a_target() -> None:
    targets = key_targets(random_rows(4)[None], None, target_temperature=None)
    weights = TermWeights(relational=1.0)
    with pytest.raises(ValueError, match='made with a temperature'):
        pair_terms(random_rows(4)[None], [targets], [(0, 0)], None, weights=weights, temperature=0.1)


def test_no_weight_no_loss() -> None:
    query = random_rows(4).requires_grad_()
    loss = SCETermsLoss(0.0, 0.0, 0.0)(query, random_rows(4, seed=1))
    loss.backward()
    assert (float(loss.detach()), float(query.grad.abs().max())) == (0, 0)
