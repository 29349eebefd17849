"""InfoNCELoss against the loop oracle."""

import math
import re

import pytest
import torch
from torch import Tensor

from cft.models.losses import InfoNCELoss, info_nce_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

QUEUES = {'batch keys': None, 'queue of 12': random_rows(12, seed=2), 'queue of 1': random_rows(1, seed=3)}


@pytest.fixture(params=list(QUEUES))
def queue(request: pytest.FixtureRequest) -> Tensor | None:
    """The three kinds of candidates."""
    return QUEUES[request.param]


@pytest.mark.parametrize('temperature', [0.07, 0.2])
def test_value_and_gradient_are_the_equation(queue: Tensor | None, temperature: float) -> None:
    """Cross-entropy of the own key among the candidates."""
    key = random_rows(8, seed=1)
    loss = InfoNCELoss(temperature=temperature)
    assert_matches_oracle(
        lambda query: loss(query, key, queue),
        lambda query: oracles.info_nce(query, key, queue, temperature=temperature),
        random_rows(8),
    )


def test_value_by_hand() -> None:
    """The own key at cosine 1 against two queue entries at cosine 0 and -1."""
    query, key = torch.tensor([[2.0, 0.0]]), torch.tensor([[5.0, 0.0]])
    queue = torch.tensor([[0.0, 3.0], [-1.0, 0.0]])
    value = InfoNCELoss(temperature=0.5)(query.double(), key.double(), queue.double())
    assert value.item() == pytest.approx(math.log(math.exp(2) + 1 + math.exp(-2)) - 2, rel=1e-12)


def test_keys_and_queue_receive_no_gradient() -> None:
    """The momentum encoder is not trained, even if its outputs ask for a gradient."""
    query, key, queue = (random_rows(n, seed=n).requires_grad_() for n in (6, 6, 9))
    InfoNCELoss()(query, key, queue).backward()
    assert key.grad is None
    assert queue.grad is None
    assert (query.grad != 0).any(dim=1).all()


def test_lengths_do_not_matter(queue: Tensor | None) -> None:
    """All three inputs are normalised inside."""
    query, key = random_rows(8), random_rows(8, seed=1)
    scaled = InfoNCELoss()(100 * query, 0.01 * key, None if queue is None else 3 * queue)
    torch.testing.assert_close(scaled, InfoNCELoss()(query, key, queue), rtol=1e-12, atol=0)


def test_order_does_not_matter(queue: Tensor | None) -> None:
    """Images of a batch and entries of the queue come in any order."""
    query, key, order = random_rows(8), random_rows(8, seed=1), torch.tensor([3, 0, 7, 1, 6, 2, 5, 4])
    permuted = InfoNCELoss()(query[order], key[order], None if queue is None else queue.flip(0))
    torch.testing.assert_close(permuted, InfoNCELoss()(query, key, queue), rtol=1e-12, atol=0)


@pytest.mark.parametrize('dtype', [torch.float16, torch.float32])
@pytest.mark.parametrize('count', [0, 1, 5])
@pytest.mark.parametrize('filling', ['zero', 'identical', 'opposite'])
@pytest.mark.parametrize('queue_length', [None, 0, 4])
def test_degenerate_batches_stay_finite(dtype: torch.dtype, count: int, filling: str, queue_length: int | None) -> None:
    """No image, one image, no direction, no difference, no queue entry yet: value and gradient stay finite."""
    query = torch.full((count, 3), 0.0 if filling == 'zero' else 1.0, dtype=dtype)
    key = -query if filling == 'opposite' else query
    queue = None if queue_length is None else torch.ones(queue_length, 3, dtype=dtype)
    value, (gradient,) = value_and_gradients(lambda q: InfoNCELoss(temperature=0.01)(q, key, queue), query)
    assert value.isfinite()
    assert gradient.isfinite().all()
    if count == 0 or queue_length == 0 or (queue is None and count == 1):
        assert value == 0


def test_functional_form_is_the_module(queue: Tensor | None) -> None:
    """The function with the same temperature gives the same number."""
    query, key = random_rows(8), random_rows(8, seed=1)
    assert torch.equal(InfoNCELoss(0.3)(query, key, queue), info_nce_loss(query, key, queue, temperature=0.3))


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        (((4, 3), (5, 3)), 'query and key must both be (N, D), got (4, 3) and (5, 3)'),
        (((4, 3), (4, 2)), 'query and key must both be (N, D), got (4, 3) and (4, 2)'),
        (((4, 3, 1), (4, 3, 1)), 'query and key must both be (N, D), got (4, 3, 1)'),
        (((4, 3), (4, 3), (9, 2)), 'queue must be (M, 3), got (9, 2)'),
        (((4, 3), (4, 3), (3,)), 'queue must be (M, 3), got (3,)'),
    ],
)
def test_refuses_wrong_shapes(shapes: tuple[tuple[int, ...], ...], message: str) -> None:
    """The message names the input and the shape that was met."""
    with pytest.raises(ValueError, match=re.escape(message)):
        InfoNCELoss()(*(torch.zeros(shape) for shape in shapes))


@pytest.mark.parametrize('temperature', [0, -0.2])
def test_refuses_bad_temperatures(temperature: float) -> None:
    """Similarities are divided by the temperature."""
    with pytest.raises(ValueError, match='temperature must be positive'):
        InfoNCELoss(temperature=temperature)
