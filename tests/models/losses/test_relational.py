"""ReSSLLoss and SCELoss against the loop oracles, and SCE's proposition 1."""

import pytest
import torch
from torch import Tensor, nn

from cft.models.losses import InfoNCELoss, ReSSLLoss, SCELoss, ressl_loss, sce_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

QUEUES = {'batch keys': None, 'queue of 12': random_rows(12, seed=2), 'queue of 1': random_rows(1, seed=3)}
LOSSES = [ReSSLLoss(), SCELoss(), SCELoss(coefficient=0.0), SCELoss(coefficient=1.0)]


@pytest.fixture(params=list(QUEUES))
def queue(request: pytest.FixtureRequest) -> Tensor | None:
    """The three kinds of candidates."""
    return QUEUES[request.param]


@pytest.mark.parametrize(('temperature', 'target_temperature'), [(0.1, 0.05), (0.1, 0.07), (0.3, 0.2)])
def test_ressl_is_the_equations(queue: Tensor | None, temperature: float, target_temperature: float) -> None:
    """Equations 2 to 4: cross-entropy of two distributions over the other instances."""
    key, options = random_rows(8, seed=1), {'temperature': temperature, 'target_temperature': target_temperature}
    assert_matches_oracle(
        lambda query: ReSSLLoss(**options)(query, key, queue),
        lambda query: oracles.ressl(query, key, queue, **options),
        random_rows(8),
    )


@pytest.mark.parametrize('coefficient', [0.0, 0.2, 0.5, 1.0])
@pytest.mark.parametrize(('temperature', 'target_temperature'), [(0.1, 0.05), (0.3, 0.2)])
def test_sce_is_the_equations(
    queue: Tensor | None, temperature: float, target_temperature: float, coefficient: float
) -> None:
    """Equations 6 to 8: the own key joins the online distribution."""
    key = random_rows(8, seed=1)
    options = {'temperature': temperature, 'target_temperature': target_temperature, 'coefficient': coefficient}
    assert_matches_oracle(
        lambda query: SCELoss(**options)(query, key, queue),
        lambda query: oracles.sce(query, key, queue, **options),
        random_rows(8),
    )


def ceiling(query: Tensor, key: Tensor, queue: Tensor | None, temperature: float) -> Tensor:
    """Ceil of proposition 1: minus the mean log share of the candidates other than the own key."""
    losses = []
    for i in range(len(query)):
        candidates, own = oracles.candidates_of(i, key, queue)
        scores = oracles.online(query[i], candidates, temperature)
        losses.append(-torch.log(sum(s for k, s in enumerate(scores) if k != own) / sum(scores)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('coefficient', [0.0, 0.3, 0.5, 1.0])
def test_proposition_1(queue: Tensor | None, coefficient: float) -> None:
    """SCE = lambda InfoNCE + (1 - lambda) ReSSL + (1 - lambda) Ceil, value and gradient."""
    query, key = random_rows(8), random_rows(8, seed=1)

    def sum_of_parts(rows: Tensor) -> Tensor:
        rest = ReSSLLoss(0.1, 0.05)(rows, key, queue) + ceiling(rows, key, queue, 0.1)
        return coefficient * InfoNCELoss(0.1)(rows, key, queue) + (1 - coefficient) * rest

    value, (gradient,) = value_and_gradients(lambda q: SCELoss(0.1, 0.05, coefficient)(q, key, queue), query)
    expected, (expected_gradient,) = value_and_gradients(sum_of_parts, query)
    torch.testing.assert_close(value, expected, rtol=1e-11, atol=0)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize('loss', LOSSES, ids=repr)
def test_keys_and_queue_receive_no_gradient(loss: nn.Module) -> None:
    """Target and candidates are constants, even if they ask for a gradient."""
    query, key, entries = (random_rows(n, seed=n).requires_grad_() for n in (6, 6, 9))
    loss(query, key, entries).backward()
    assert key.grad is None
    assert entries.grad is None
    assert (query.grad != 0).any(dim=1).all()


@pytest.mark.parametrize('loss', LOSSES, ids=repr)
def test_lengths_and_order_do_not_matter(loss: nn.Module, queue: Tensor | None) -> None:
    """Rows are normalised inside; images and queue entries come in any order."""
    query, key, order = random_rows(8), random_rows(8, seed=1), torch.tensor([3, 0, 7, 1, 6, 2, 5, 4])
    changed = loss(100 * query[order], 0.01 * key[order], None if queue is None else 3 * queue.flip(0))
    torch.testing.assert_close(changed, loss(query, key, queue), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize('loss', [ReSSLLoss(0.01, 0.005), SCELoss(0.01, 0.005)], ids=repr)
@pytest.mark.parametrize('dtype', [torch.float16, torch.float32])
@pytest.mark.parametrize('count', [0, 1, 5])
@pytest.mark.parametrize('filling', ['zero', 'identical', 'opposite'])
@pytest.mark.parametrize('queue_length', [None, 0, 4])
def test_degenerate_batches_stay_finite(
    loss: nn.Module, dtype: torch.dtype, count: int, filling: str, queue_length: int | None
) -> None:
    """No image, one image, no direction, no difference, no queue entry yet: value and gradient stay finite."""
    query = torch.full((count, 3), 0.0 if filling == 'zero' else 1.0, dtype=dtype)
    key = -query if filling == 'opposite' else query
    entries = None if queue_length is None else torch.ones(queue_length, 3, dtype=dtype)
    value, (gradient,) = value_and_gradients(lambda q: loss(q, key, entries), query)
    assert value.isfinite()
    assert gradient.isfinite().all()
    if count == 0 or queue_length == 0 or (entries is None and count == 1):
        assert value == 0
        assert (gradient == 0).all()


def test_functional_forms_are_the_modules(queue: Tensor | None) -> None:
    """The functions with the same options give the same numbers."""
    query, key, options = random_rows(8), random_rows(8, seed=1), {'temperature': 0.3, 'target_temperature': 0.2}
    assert torch.equal(ReSSLLoss(**options)(query, key, queue), ressl_loss(query, key, queue, **options))
    options['coefficient'] = 0.7
    assert torch.equal(SCELoss(**options)(query, key, queue), sce_loss(query, key, queue, **options))


@pytest.mark.parametrize('kind', [ReSSLLoss, SCELoss])
def test_refuses_wrong_inputs(kind: type[nn.Module]) -> None:
    """Shapes that do not fit and values out of range are named."""
    with pytest.raises(ValueError, match=r'query and key must both be \(N, D\), got \(4, 3\) and \(5, 3\)'):
        kind()(torch.zeros(4, 3), torch.zeros(5, 3))
    with pytest.raises(ValueError, match=r'queue must be \(M, 3\), got \(9, 2\)'):
        kind()(torch.zeros(4, 3), torch.zeros(4, 3), torch.zeros(9, 2))
    for temperatures in ((0, 0.05), (0.1, -0.05)):
        with pytest.raises(ValueError, match='temperatures must be positive'):
            kind(*temperatures)


@pytest.mark.parametrize('coefficient', [-0.1, 1.1])
def test_sce_refuses_coefficients_outside_0_1(coefficient: float) -> None:
    """The target would not be a distribution."""
    with pytest.raises(ValueError, match=r'coefficient must lie in \[0, 1\]'):
        SCELoss(coefficient=coefficient)
