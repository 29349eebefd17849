"""SCHaNeLoss against the loop oracle, and what the hardness weight does."""

import math
import re

import pytest
import torch
from torch import Tensor

from cft.models.losses import SCHaNeLoss, schane_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])


@pytest.mark.parametrize('temperature', [0.07, 0.5, 1.0])
@pytest.mark.parametrize('detach_weights', [False, True])
@pytest.mark.parametrize('mean_inside_log', [False, True])
def test_value_and_gradient_are_the_equations(temperature: float, detach_weights: bool, mean_inside_log: bool) -> None:
    """Equations 1, 3 and 4 in both readings of 1/|P|; the weights carry gradient unless detached."""
    options = {'temperature': temperature, 'detach_weights': detach_weights, 'mean_inside_log': mean_inside_log}
    loss = SCHaNeLoss(**options)
    assert_matches_oracle(
        lambda z: loss(z, LABELS),
        lambda z: oracles.schane(z, LABELS, **options),
        random_rows(len(LABELS)),
    )


def test_detaching_changes_the_gradient_alone() -> None:
    """Both switches give one value and two gradients."""
    features = random_rows(len(LABELS))
    attached, (gradient,) = value_and_gradients(lambda z: SCHaNeLoss()(z, LABELS), features)
    detached, (other,) = value_and_gradients(lambda z: SCHaNeLoss(detach_weights=True)(z, LABELS), features)
    assert torch.equal(attached, detached)
    assert (gradient - other).abs().max() > 1e-3


def test_value_by_hand() -> None:
    """Two pairs at right angles: equal negatives have weight 1."""
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 1.0]], dtype=torch.float64)
    value = SCHaNeLoss(temperature=0.5)(features, torch.tensor([0, 0, 1, 1]))
    assert value.item() == pytest.approx(math.log((math.e**2 + 2) / math.e**2), rel=1e-12)


def test_a_hard_negative_costs_more_than_its_share() -> None:
    """One near and one opposite negative: beta puts e^2s over the mean of e^s into the denominator."""
    features = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]], dtype=torch.float64)
    value = SCHaNeLoss(temperature=0.5)(features, torch.tensor([0, 0, 1, 2]))
    positive, near, far = math.exp(2.0), math.exp(1.6), math.exp(-2.0)
    weighted = 2 * (near**2 + far**2) / (near + far)
    assert value.item() == pytest.approx(math.log((positive + weighted) / positive), rel=1e-12)


def test_one_class_has_no_negative_to_weigh() -> None:
    """With empty N_i the ratio is 1/|P_i| whatever the features are: log |P_i|, without gradient."""
    value, (gradient,) = value_and_gradients(lambda z: SCHaNeLoss()(z, torch.zeros(5).long()), random_rows(5))
    assert value.item() == pytest.approx(math.log(4), rel=1e-12)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-14)


def test_functional_form_is_the_module() -> None:
    """The function with the same options gives the same number."""
    features = random_rows(len(LABELS))
    options = {'temperature': 0.2, 'detach_weights': True, 'mean_inside_log': False}
    assert torch.equal(SCHaNeLoss(**options)(features, LABELS), schane_loss(features, LABELS, **options))


def test_the_readings_differ_by_the_frequency_of_a_class() -> None:
    """With |P| = 3 for every anchor the gradients are parallel, the outer one a third; else they point elsewhere."""
    balanced, unequal = torch.arange(16) % 4, torch.tensor([0] * 8 + [1] * 4 + [2] * 2 + [3] * 2)
    for labels, parallel in ((balanced, True), (unequal, False)):
        gradients = [
            value_and_gradients(lambda z, r=reading, y=labels: SCHaNeLoss(mean_inside_log=r)(z, y), random_rows(16))[1][
                0
            ]
            for reading in (True, False)
        ]
        assert torch.allclose(gradients[0], 3 * gradients[1], rtol=1e-9, atol=1e-12) == parallel


@pytest.mark.parametrize(
    ('features', 'labels', 'message'),
    [
        (torch.zeros(4, 3, 2), torch.zeros(4).long(), 'features must be (N, D), got shape (4, 3, 2)'),
        (torch.zeros(4, 3), torch.zeros(3).long(), 'labels must be (4,) to match features, got shape (3,)'),
        (torch.zeros(4, 3), torch.zeros(4), 'labels must be integers, got torch.float32'),
    ],
)
def test_refuses_wrong_inputs(features: Tensor, labels: Tensor, message: str) -> None:
    """The message names the input and the shape or type that was met."""
    with pytest.raises(ValueError, match=re.escape(message)):
        SCHaNeLoss()(features, labels)


@pytest.mark.parametrize('temperature', [0, -0.5])
def test_refuses_bad_temperatures(temperature: float) -> None:
    """Similarities are divided by the temperature."""
    with pytest.raises(ValueError, match='temperature must be positive'):
        SCHaNeLoss(temperature=temperature)
