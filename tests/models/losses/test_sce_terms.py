"""SCE's proposition 1: the weighted terms and the loss that they make up."""

import math

import pytest
import torch

from cft.models.losses import SCELoss, SCETermsLoss, ceiling_loss


def rows(count: int, width: int = 5) -> torch.Tensor:
    return torch.randn(count, width, dtype=torch.float64)


@pytest.mark.parametrize('length', [None, 1, 9])
@pytest.mark.parametrize('coefficient', [0.0, 0.3, 1.0])
def test_equal_to_sce_under_the_constraint(length: int | None, coefficient: float) -> None:
    """Value and gradient, with the batch's keys or a queue as candidates."""
    query, key = rows(6).requires_grad_(), rows(6)
    queue = None if length is None else rows(length)
    terms = SCETermsLoss(coefficient, 1 - coefficient, 1 - coefficient, temperature=0.1, target_temperature=0.07)
    whole = SCELoss(temperature=0.1, target_temperature=0.07, coefficient=coefficient)
    losses = (terms(query, key, queue), whole(query, key, queue))
    results = [(loss.detach(), torch.autograd.grad(loss, query)[0]) for loss in losses]
    torch.testing.assert_close(results[0], results[1], rtol=1e-9, atol=1e-9)


def test_ceiling_in_plain_loops() -> None:
    query, key, queue = (torch.nn.functional.normalize(rows(count)) for count in (4, 4, 7))
    total = 0.0
    for i in range(4):
        own = math.exp(float(query[i] @ key[i]) / 0.2)
        others = sum(math.exp(float(query[i] @ queue[k]) / 0.2) for k in range(7))
        total -= math.log(others / (own + others)) / 4
    assert float(ceiling_loss(query, key, queue, temperature=0.2)) == pytest.approx(total, rel=1e-9)


def test_each_weight_scales_its_term() -> None:
    views = (rows(5), rows(5), rows(8))
    single = [float(SCETermsLoss(*(float(i == j) for j in range(3)))(*views)) for i in range(3)]
    assert float(SCETermsLoss(0.5, 2.0, 3.0)(*views)) == pytest.approx(
        0.5 * single[0] + 2 * single[1] + 3 * single[2], rel=1e-9
    )


def test_one_image_has_no_ceiling() -> None:
    query = rows(1).requires_grad_()
    loss = ceiling_loss(query, rows(1))
    loss.backward()
    assert (float(loss.detach()), float(query.grad.abs().max())) == (0, 0)


def test_finite_where_the_own_key_takes_all() -> None:
    """Identical views against opposite ones at a small temperature, in half precision."""
    query = torch.ones(3, 4, dtype=torch.float16, requires_grad=True)
    loss = ceiling_loss(query, torch.ones(3, 4).half(), -torch.ones(2, 4).half(), temperature=0.01)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(200 - math.log(2), rel=1e-3)
    assert query.grad.isfinite().all()


def test_negative_weights_are_refused() -> None:
    with pytest.raises(ValueError, match='negative'):
        SCETermsLoss(0.5, -0.1)
