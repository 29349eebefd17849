"""FocalSupConLoss against the loop oracle, and what the focal weight does."""

import math

import pytest
import torch
from torch import Tensor

from cft.models.losses import FocalSupConLoss, SupConLoss, supcon_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

LABELS = torch.tensor([2, 0, 1, 0, 0, 1, 3, 2, 1, 0])
MASK = torch.tensor([0, 1, 1, 1, 0, 1, 0, 1, 1, 0], dtype=torch.bool)


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Features, extra positives and extra negatives of one batch."""
    return tuple(random_rows(len(LABELS), seed=seed) for seed in range(10, 13))


@pytest.mark.parametrize('temperature', [0.07, 0.5])
def test_value_and_gradient_are_the_equations(temperature: float) -> None:
    """Core-tuning's L_con^f without generated samples; the gradient flows through the weight."""
    loss = FocalSupConLoss(temperature=temperature)
    assert_matches_oracle(
        lambda z: loss(z, LABELS),
        lambda z: oracles.supcon(z, LABELS, temperature=temperature, focal=True),
        batch()[0],
    )


@pytest.mark.parametrize('only_extra_positives', [False, True])
@pytest.mark.parametrize('masks', [{}, {'positive_mask': MASK, 'negative_mask': ~MASK}])
def test_extras_are_weighted_too(only_extra_positives: bool, masks: dict[str, Tensor]) -> None:
    """Generated positives enter with their own 1 - p, generated negatives lower every p."""
    loss = FocalSupConLoss(only_extra_positives=only_extra_positives)
    options = {'focal': True, 'only_extra_positives': only_extra_positives}
    assert_matches_oracle(
        lambda z, p, n: loss(z, LABELS, p, n, **masks),
        lambda z, p, n: oracles.supcon(z, LABELS, p, n, **masks, **options),
        *batch(),
    )


def test_value_by_hand() -> None:
    """Two pairs at right angles: p = e^2 / (e^2 + 2) for every positive."""
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 1.0]], dtype=torch.float64)
    value = FocalSupConLoss(temperature=0.5)(features, torch.tensor([0, 0, 1, 1]))
    p = math.e**2 / (math.e**2 + 2)
    assert value.item() == pytest.approx(-(1 - p) * math.log(p), rel=1e-12)


def test_an_easy_positive_hardly_counts() -> None:
    """The focal weight removes nearly all of an easy pair's loss and little of a hard pair's."""
    labels = torch.tensor([0, 0, 1])
    easy = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    hard = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.5]], dtype=torch.float64)
    kept = [FocalSupConLoss(0.2)(rows, labels) / SupConLoss(0.2)(rows, labels) for rows in (easy, hard)]
    assert kept[0] < 0.01
    assert kept[1] > 0.9


def test_a_single_candidate_costs_nothing() -> None:
    """With p = 1 the weight is 0, and so are value and gradient."""
    value, (gradient,) = value_and_gradients(
        lambda z: FocalSupConLoss()(z, torch.tensor([4, 4])), random_rows(2, dtype=torch.float32)
    )
    assert value == 0
    assert (gradient == 0).all()


def test_functional_form_is_the_module() -> None:
    """``focal=True`` is all that tells the two losses apart."""
    features, positives, negatives = batch()
    module = FocalSupConLoss(temperature=0.2)(features, LABELS, positives, negatives, MASK, ~MASK)
    function = supcon_loss(features, LABELS, positives, negatives, MASK, ~MASK, temperature=0.2, focal=True)
    assert torch.equal(module, function)


def test_refuses_wrong_inputs() -> None:
    """The checks of SupConLoss hold here as well."""
    with pytest.raises(ValueError, match='temperature must be positive'):
        FocalSupConLoss(temperature=0.0)
    with pytest.raises(ValueError, match=r'labels must be integers, got torch\.float64'):
        FocalSupConLoss()(torch.zeros(4, 3), torch.zeros(4, dtype=torch.float64))
    with pytest.raises(ValueError, match='features must be'):
        FocalSupConLoss()(torch.zeros(4, 3, 1), torch.zeros(4).long())
