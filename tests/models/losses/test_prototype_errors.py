"""What PrototypeLoss refuses, and how it says so."""

import math
import re

import pytest
import torch
from torch import Tensor

from cft.models import PrototypeLoss


@pytest.mark.parametrize(
    ('features', 'prototypes', 'labels', 'message'),
    [
        ((4, 3, 1), (2, 3), torch.zeros(4).long(), 'features must be (N, D), got shape (4, 3, 1)'),
        ((4, 3), (2, 5), torch.zeros(4).long(), 'prototypes must be (K, 3) with K > 0 to match features'),
        ((4, 3), (0, 3), torch.zeros(4).long(), 'got shape (0, 3)'),
        ((4, 3), (3,), torch.zeros(4).long(), 'got shape (3,)'),
        ((4, 3), (2, 3), torch.zeros(5).long(), 'labels must be (4,) integers or (4, 2) soft labels, got shape (5,)'),
        ((4, 3), (2, 3), torch.zeros(4, 3), 'labels must be (4,) integers or (4, 2) soft labels, got shape (4, 3)'),
        ((4, 3), (2, 3), torch.zeros(4), 'labels of shape (N,) must be integers, got torch.float32'),
        ((4, 3), (2, 3), torch.zeros(4).bool(), 'labels of shape (N,) must be integers, got torch.bool'),
        ((4, 3), (2, 3), torch.zeros(4, 2).long(), 'soft labels of shape (N, K) must be floating-point'),
        ((4, 3), (2, 3), torch.tensor([0, 1, 2, 0]), 'name one of the 2 prototypes, got 2'),
        ((4, 3), (2, 3), torch.tensor([0, 1, -2, 0]), 'name one of the 2 prototypes, got -2'),
        ((4, 3), (2, 3), torch.full((4, 2), -0.1), 'soft labels must be finite and not negative'),
        ((4, 3), (2, 3), torch.full((4, 2), torch.nan), 'soft labels must be finite and not negative'),
        ((4, 3), (2, 3), torch.full((4, 2), 1e38), 'add up to 1 at most in each row'),
        ((4, 3), (2, 3), torch.full((4, 2), torch.inf), 'soft labels must be finite and not negative'),
    ],
)
def test_refuses_bad_input(features: tuple, prototypes: tuple, labels: Tensor, message: str) -> None:
    """The message names the input and what was met."""
    with pytest.raises(ValueError, match=re.escape(message)):
        PrototypeLoss()(torch.zeros(features), torch.zeros(prototypes), labels)


@pytest.mark.parametrize('temperature', [0, -0.1, math.nan])
def test_refuses_bad_temperatures(temperature: float) -> None:
    """Similarities are divided by the temperature."""
    with pytest.raises(ValueError, match='temperature must be positive'):
        PrototypeLoss(temperature=temperature)
