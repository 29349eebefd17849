"""SupConLoss against the loop oracle, and what it refuses."""

import math
import re

import pytest
import torch
from torch import Tensor

from cft.models.losses import FocalSupConLoss, SupConLoss, supcon_loss
from tests.support import oracles
from tests.support.comparison import assert_matches_oracle, random_rows, value_and_gradients

# Classes of 3, 2 and 4 samples and one sample without a positive.
LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
POSITIVE_MASK = torch.tensor([1, 0, 1, 1, 1, 0, 0, 1, 0, 1], dtype=torch.bool)
NEGATIVE_MASK = torch.tensor([0, 0, 1, 1, 0, 1, 1, 0, 1, 1], dtype=torch.bool)


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Features, extra positives and extra negatives of one batch."""
    return tuple(random_rows(len(LABELS), seed=seed) for seed in range(3))


@pytest.mark.parametrize('temperature', [0.07, 0.3, 1.0])
def test_value_and_gradient_are_the_equations(temperature: float) -> None:
    """Without extras the loss is COIN's equation 1."""
    loss = SupConLoss(temperature=temperature)
    assert_matches_oracle(
        lambda z: loss(z, LABELS), lambda z: oracles.supcon(z, LABELS, temperature=temperature), batch()[0]
    )


@pytest.mark.parametrize('only_extra_positives', [False, True])
@pytest.mark.parametrize('masks', [{}, {'positive_mask': POSITIVE_MASK, 'negative_mask': NEGATIVE_MASK}])
def test_extras_join_the_sets_of_their_own_anchor(only_extra_positives: bool, masks: dict[str, Tensor]) -> None:
    """Row i of the extras counts for anchor i alone, and only where its mask is set."""
    loss = SupConLoss(only_extra_positives=only_extra_positives)
    assert_matches_oracle(
        lambda z, p, n: loss(z, LABELS, p, n, **masks),
        lambda z, p, n: oracles.supcon(z, LABELS, p, n, **masks, only_extra_positives=only_extra_positives),
        *batch(),
    )


@pytest.mark.parametrize('kind', [SupConLoss, FocalSupConLoss])
@pytest.mark.parametrize('masks', [{}, {'positive_mask': POSITIVE_MASK, 'negative_mask': NEGATIVE_MASK}])
def test_same_class_originals_may_stay_candidates(kind: type[SupConLoss], masks: dict[str, Tensor]) -> None:
    """The other reading of table 14: no positives, and yet in the denominator."""
    options = {'only_extra_positives': True, 'same_class_candidates': True}
    assert_matches_oracle(
        lambda z, p, n: kind(**options)(z, LABELS, p, n, **masks),
        lambda z, p, n: oracles.supcon(z, LABELS, p, n, **masks, **options, focal=kind.focal),
        *batch(),
    )
    features, positives, _ = batch()
    without = kind(only_extra_positives=True)(features, LABELS, positives)
    assert kind(**options)(features, LABELS, positives) > without + 1e-3


def test_same_class_candidates_alone_mean_nothing() -> None:
    with pytest.raises(ValueError, match='same_class_candidates=True needs only_extra_positives=True'):
        SupConLoss(same_class_candidates=True)
    with pytest.raises(ValueError, match='needs only_extra_positives=True'):
        supcon_loss(batch()[0], LABELS, same_class_candidates=True)


@pytest.mark.parametrize('name', ['extra_positives', 'extra_negatives'])
def test_one_kind_of_extra_alone(name: str) -> None:
    """Extra positives need no extra negatives and the other way round."""
    features, extra, _ = batch()
    assert_matches_oracle(
        lambda z, e: SupConLoss()(z, LABELS, **{name: e}),
        lambda z, e: oracles.supcon(z, LABELS, **{name: e}),
        features,
        extra,
    )


def test_masked_rows_do_not_matter() -> None:
    """What stands in a row that does not exist changes no value and receives no gradient."""
    features, positives, negatives = batch()

    def loss(z: Tensor, p: Tensor, n: Tensor) -> Tensor:
        return SupConLoss()(z, LABELS, p, n, POSITIVE_MASK, NEGATIVE_MASK)

    value, gradients = value_and_gradients(loss, features, positives, negatives)
    positives[~POSITIVE_MASK], negatives[~NEGATIVE_MASK] = features[~POSITIVE_MASK], -7.0
    other_value, other_gradients = value_and_gradients(loss, features, positives, negatives)
    assert torch.equal(value, other_value)
    assert torch.equal(gradients[0], other_gradients[0])
    for gradient, mask in zip(gradients[1:], (POSITIVE_MASK, NEGATIVE_MASK), strict=True):
        assert (gradient[~mask] == 0).all()
        assert (gradient[mask] != 0).any(dim=1).all()


def test_no_generated_positive_leaves_nothing_to_pull() -> None:
    """With only generated positives and none generated, no anchor counts."""
    features, positives, _ = batch()
    nothing = torch.zeros(len(LABELS), dtype=torch.bool)
    loss = SupConLoss(only_extra_positives=True)
    value, (gradient,) = value_and_gradients(lambda z: loss(z, LABELS, positives, positive_mask=nothing), features)
    assert value == 0
    assert (gradient == 0).all()


def test_value_by_hand() -> None:
    """Two pairs at right angles: each anchor sees one candidate at 1 and two at 0."""
    features = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 1.0]], dtype=torch.float64)
    value = SupConLoss(temperature=0.5)(features, torch.tensor([0, 0, 1, 1]))
    assert value.item() == pytest.approx(math.log((math.e**2 + 2) / math.e**2), rel=1e-12)


def test_functional_form_is_the_module() -> None:
    """The function with the same options gives the same number."""
    features, positives, negatives = batch()
    module = SupConLoss(temperature=0.2, only_extra_positives=True)(features, LABELS, positives, negatives)
    function = supcon_loss(features, LABELS, positives, negatives, temperature=0.2, only_extra_positives=True)
    assert torch.equal(module, function)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ((torch.zeros(4, 3, 2), torch.zeros(4).long()), 'features must be (N, D), got shape (4, 3, 2)'),
        ((torch.zeros(4), torch.zeros(4).long()), 'features must be (N, D), got shape (4,)'),
        ((torch.zeros(4, 3), torch.zeros(5).long()), 'labels must be (4,) to match features, got shape (5,)'),
        ((torch.zeros(4, 3), torch.zeros(4, 2).long()), 'labels must be (4,) to match features, got shape (4, 2)'),
        ((torch.zeros(4, 3), torch.zeros(4)), 'labels must be integers, got torch.float32'),
        ((torch.zeros(4, 3), torch.zeros(4).long(), torch.zeros(3, 3)), 'extra rows must be (4, 3)'),
        ((torch.zeros(4, 3), torch.zeros(4).long(), None, torch.zeros(4, 2)), 'extra rows must be (4, 3)'),
    ],
)
def test_refuses_wrong_inputs(arguments: tuple[Tensor, ...], message: str) -> None:
    """The message names the input and the shape or type that was met."""
    with pytest.raises(ValueError, match=re.escape(message)):
        SupConLoss()(*arguments)


@pytest.mark.parametrize('name', ['positive', 'negative'])
@pytest.mark.parametrize('shape', [(5,), (1,), (4, 1)])
def test_refuses_masks_of_another_shape(name: str, shape: tuple[int, ...]) -> None:
    """A row mask is (N,): the docstring promises a ValueError for every shape that does not fit."""
    extras = {f'extra_{name}s': torch.ones(4, 3), f'{name}_mask': torch.ones(shape, dtype=torch.bool)}
    with pytest.raises(ValueError, match='mask'):
        SupConLoss()(torch.ones(4, 3), torch.zeros(4).long(), **extras)


@pytest.mark.parametrize('temperature', [0, -0.1])
def test_refuses_bad_temperatures(temperature: float) -> None:
    """Similarities are divided by the temperature."""
    with pytest.raises(ValueError, match='temperature must be positive'):
        SupConLoss(temperature=temperature)
