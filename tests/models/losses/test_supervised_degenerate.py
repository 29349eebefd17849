"""Batches with too little in them: the supervised losses stay finite, and 0 where nothing counts."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss, TripletLoss
from tests.support import oracles
from tests.support.comparison import random_rows, value_and_gradients

LOSSES = {
    'supcon': (SupConLoss, oracles.supcon),
    'focal': (FocalSupConLoss, lambda *inputs, **options: oracles.supcon(*inputs, focal=True, **options)),
    'schane': (SCHaNeLoss, oracles.schane),
    'schane detached': (lambda t: SCHaNeLoss(t, detach_weights=True), oracles.schane),
}
# A margin in place of the temperature.
TRIPLETS = {
    f'triplet, {mining}': (
        lambda t, mining=mining: TripletLoss(t, mining),
        lambda z, y, temperature, mining=mining: oracles.triplet(z, y, margin=temperature, mining=mining),
    )
    for mining in ('all', 'hard')
}
LOSSES |= TRIPLETS
PAIRED = torch.tensor([0, 0, 1, 1, 2, 2])
BATCHES = {
    'one sample': (random_rows(1), torch.tensor([3])),
    'one pair': (random_rows(2), torch.tensor([3, 3])),
    'one class': (random_rows(6), torch.zeros(6).long()),
    'all classes distinct': (random_rows(6), torch.arange(6)),
    'one positive pair': (random_rows(6), torch.tensor([0, 1, 2, 3, 1, 4])),
    'zero rows in a batch': (random_rows(6) * torch.tensor([[1.0], [0.0], [0.0], [1.0], [1.0], [0.0]]), PAIRED),
    'nothing but zero rows': (torch.zeros(6, 5).double(), PAIRED),
    'identical rows': (random_rows(1).repeat(6, 1), PAIRED),
    'identical rows, one class': (random_rows(1).repeat(6, 1), torch.zeros(6).long()),
    'opposite rows in a class': (random_rows(3).repeat_interleave(2, 0) * torch.tensor([[1.0], [-1.0]] * 3), PAIRED),
    'negative labels': (random_rows(6), torch.tensor([-1, -1, 0, -5, -5, 2])),
}
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]


@pytest.fixture(params=list(LOSSES))
def pair(request: pytest.FixtureRequest) -> tuple[Callable[[float], nn.Module], Callable[..., Tensor]]:
    """A loss, built from its temperature, and its oracle."""
    return LOSSES[request.param]


@pytest.mark.parametrize('batch', list(BATCHES))
@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('temperature', [0.01, 0.07, 1.0])
def test_finite_and_right(pair: tuple, batch: str, dtype: torch.dtype, temperature: float) -> None:
    """Value and gradient are finite, and the value is still the equation's."""
    loss, oracle = pair
    features, labels = BATCHES[batch][0].to(dtype), BATCHES[batch][1]
    value, (gradient,) = value_and_gradients(lambda z: loss(temperature)(z, labels), features)
    assert gradient.isfinite().all()
    # Rounding of cosines in float32 is amplified by 1 / temperature.
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6 / temperature
    expected = oracle(features.double(), labels, temperature=temperature)
    torch.testing.assert_close(value.double(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize('dtype', DTYPES, ids=str)
@pytest.mark.parametrize('labels', [[], [5], [0, 1, 2, 3]], ids=['no row', 'one row', 'distinct'])
def test_zero_where_nothing_counts(pair: tuple, labels: list[int], dtype: torch.dtype) -> None:
    """Without any positive the loss is exactly 0 and so is every gradient."""
    features = random_rows(len(labels), dtype=dtype)
    value, (gradient,) = value_and_gradients(lambda z: pair[0](0.07)(z, torch.tensor(labels).long()), features)
    assert value == 0
    assert gradient.shape == features.shape
    assert (gradient == 0).all()


@pytest.mark.parametrize('kind', [SupConLoss, FocalSupConLoss])
@pytest.mark.parametrize('dtype', DTYPES, ids=str)
def test_a_lone_sample_with_a_generated_positive_counts(kind: type[nn.Module], dtype: torch.dtype) -> None:
    """One row, one generated positive and one generated negative are a complete problem."""
    features = torch.tensor([[1.0, 0.0]], dtype=dtype)
    positives, negatives = torch.tensor([[2.0, 0.0]], dtype=dtype), torch.tensor([[0.0, 1.0]], dtype=dtype)
    value = kind(temperature=0.5)(features, torch.tensor([0]), positives, negatives)
    p = math.e**2 / (math.e**2 + 1)
    weight = 1 - p if kind is FocalSupConLoss else 1
    assert value.item() == pytest.approx(-weight * math.log(p), rel=5e-6)


@pytest.mark.parametrize('kind', [SupConLoss, FocalSupConLoss])
@pytest.mark.parametrize('rows', ['zero', 'identical'])
def test_degenerate_extras_stay_finite(kind: type[nn.Module], rows: str) -> None:
    """Generated samples without a direction, or equal to their anchor, do no harm in float16 at a low temperature."""
    features = random_rows(6, dtype=torch.float16)
    extra = torch.zeros_like(features) if rows == 'zero' else features
    value, gradients = value_and_gradients(lambda z, p, n: kind(0.01)(z, PAIRED, p, n), features, extra, extra)
    assert value.isfinite()
    assert value > 0
    assert all(gradient.isfinite().all() for gradient in gradients)
