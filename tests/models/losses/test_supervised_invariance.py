"""What must not change a supervised loss: lengths, order, and the names of the classes."""

import pytest
import torch
from torch import Tensor, nn

from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss, TripletLoss
from tests.support.comparison import random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
ORDER = torch.tensor([7, 2, 9, 0, 4, 1, 8, 3, 6, 5])
MASK = torch.tensor([1, 0, 1, 1, 0, 1, 0, 1, 1, 0], dtype=torch.bool)
LOSSES = [SupConLoss(), FocalSupConLoss(), SCHaNeLoss(), TripletLoss(), TripletLoss(margin=2.1, mining='hard')]
WITH_EXTRAS = LOSSES[:2]


def extras(order: Tensor) -> dict[str, Tensor]:
    """Generated samples and their masks, rows in the given order."""
    return {
        'extra_positives': random_rows(10, seed=1)[order],
        'extra_negatives': random_rows(10, seed=2)[order],
        'positive_mask': MASK[order],
        'negative_mask': ~MASK[order],
    }


@pytest.mark.parametrize('loss', LOSSES, ids=repr)
@pytest.mark.parametrize('scale', [1e-3, 7.0, 1e5])
def test_scale_invariance(loss: nn.Module, scale: float) -> None:
    """c times the features gives the same value, and 1/c of the gradient."""
    value, (gradient,) = value_and_gradients(lambda z: loss(z, LABELS), random_rows(10))
    scaled, (scaled_gradient,) = value_and_gradients(lambda z: loss(z, LABELS), scale * random_rows(10))
    torch.testing.assert_close(scaled, value, rtol=1e-12, atol=0)
    torch.testing.assert_close(scale * scaled_gradient, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('loss', LOSSES, ids=repr)
def test_each_row_has_its_own_length(loss: nn.Module) -> None:
    """Only directions matter, so no gradient runs along a row."""
    lengths = torch.logspace(-3, 3, 10, dtype=torch.float64)[:, None]
    value, (gradient,) = value_and_gradients(lambda z: loss(z, LABELS), random_rows(10))
    torch.testing.assert_close(loss(lengths * random_rows(10), LABELS), value, rtol=1e-12, atol=0)
    along = (gradient * random_rows(10)).sum(dim=1)
    torch.testing.assert_close(along, torch.zeros_like(along), rtol=0, atol=1e-13)


@pytest.mark.parametrize('loss', WITH_EXTRAS, ids=repr)
def test_scale_of_extras(loss: nn.Module) -> None:
    """Generated samples are normalised too, independently of the features."""
    kept = torch.arange(10)
    value = loss(random_rows(10), LABELS, **extras(kept))
    scaled = extras(kept) | {name: 50 * extras(kept)[name] for name in ('extra_positives', 'extra_negatives')}
    torch.testing.assert_close(loss(random_rows(10), LABELS, **scaled), value, rtol=1e-12, atol=0)


@pytest.mark.parametrize('loss', LOSSES, ids=repr)
def test_permutation_invariance(loss: nn.Module) -> None:
    """Rows in another order give the same value and the gradient in that order."""
    value, (gradient,) = value_and_gradients(lambda z: loss(z, LABELS), random_rows(10))
    other, (other_gradient,) = value_and_gradients(lambda z: loss(z, LABELS[ORDER]), random_rows(10)[ORDER])
    torch.testing.assert_close(other, value, rtol=1e-12, atol=0)
    torch.testing.assert_close(other_gradient, gradient[ORDER], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize('loss', WITH_EXTRAS, ids=repr)
def test_extras_move_with_their_anchor(loss: nn.Module) -> None:
    """Permuting all rows together changes nothing; permuting the extras alone does."""
    value = loss(random_rows(10), LABELS, **extras(torch.arange(10)))
    together = loss(random_rows(10)[ORDER], LABELS[ORDER], **extras(ORDER))
    torch.testing.assert_close(together, value, rtol=1e-12, atol=0)
    assert abs(loss(random_rows(10), LABELS, **extras(ORDER)) - value) > 1e-3


@pytest.mark.parametrize('loss', LOSSES, ids=repr)
def test_classes_are_only_names(loss: nn.Module) -> None:
    """Renaming the classes, in any integer type, changes nothing."""
    names = torch.tensor([40, -7, 3, 100], dtype=torch.int16)
    assert torch.equal(loss(random_rows(10), names[LABELS]), loss(random_rows(10), LABELS))
