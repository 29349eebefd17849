"""Every loss computes in float32 or better, whatever the inputs and autocast say."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from cft.models.losses import FocalSupConLoss, InfoNCELoss, ReSSLLoss, SCELoss, SCHaNeLoss, SupConLoss, TripletLoss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])


class Case(NamedTuple):
    """A loss and its oracle as functions of three (N, D) tensors."""

    loss: Callable[..., Tensor]
    oracle: Callable[..., Tensor]


def supervised(loss: Callable[..., Tensor], **options: bool) -> Case:
    """Features, extra positives, extra negatives."""
    return Case(lambda z, p, n: loss(z, LABELS, p, n), lambda z, p, n: oracles.supcon(z, LABELS, p, n, **options))


CASES = {
    'supcon': supervised(SupConLoss()),
    'focal': supervised(FocalSupConLoss(), focal=True),
    'schane': Case(lambda z, p, n: SCHaNeLoss()(z, LABELS), lambda z, p, n: oracles.schane(z, LABELS)),
    'triplet': Case(lambda z, p, n: TripletLoss()(z, LABELS), lambda z, p, n: oracles.triplet(z, LABELS)),
    'info_nce': Case(InfoNCELoss(), oracles.info_nce),
    'ressl': Case(ReSSLLoss(), oracles.ressl),
    'sce': Case(SCELoss(), oracles.sce),
}


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """Each loss in turn."""
    return CASES[request.param]


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16, torch.bfloat16])
def test_short_inputs_lose_nothing_but_their_own_rounding(case: Case, dtype: torch.dtype) -> None:
    """The result is float32 and equals the float64 oracle on the rounded inputs."""
    assert_matches_oracle(case.loss, case.oracle, *(random_rows(10, seed=seed, dtype=dtype) for seed in range(3)))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_long_and_short_rows_in_low_precision(case: Case, dtype: torch.dtype) -> None:
    """Rows whose squared length leaves the range of float16 are normalised all the same."""
    rows = [scale * random_rows(10, seed=seed, dtype=dtype) for seed, scale in enumerate((500, 300, 2e-3))]
    value, gradients = value_and_gradients(case.loss, *rows)
    expected = case.oracle(*(tensor.double() for tensor in rows))
    torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=0)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize('autocast_dtype', [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(case: Case, autocast_dtype: torch.dtype) -> None:
    """Bit for bit the same value and gradients whether the loss is called inside or outside of autocast."""

    def under_autocast(*rows: Tensor) -> Tensor:
        with torch.autocast('cpu', dtype=autocast_dtype):
            # A matrix product shows that autocast is at work where the loss is called.
            assert (rows[0] @ rows[1].T).dtype == autocast_dtype
            return case.loss(*rows)

    rows = [random_rows(10, seed=seed, dtype=torch.float32) for seed in range(3)]
    value, gradients = value_and_gradients(case.loss, *rows)
    inside, inside_gradients = value_and_gradients(under_autocast, *rows)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, value)
    for first, second in zip(gradients, inside_gradients, strict=True):
        assert torch.equal(first, second)


def test_types_may_differ_between_inputs(case: Case) -> None:
    """Keys or generated samples of another floating type meet the features in the wider one."""
    rows = [random_rows(10, seed=seed).to(t) for seed, t in enumerate((torch.float16, torch.float32, torch.bfloat16))]
    value = case.loss(*rows)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), case.oracle(*(r.double() for r in rows)), rtol=1e-5, atol=1e-5)
