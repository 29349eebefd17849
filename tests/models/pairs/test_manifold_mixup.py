"""ManifoldMixup: partners, ratios and targets."""

import math

import pytest
import torch

from cft.models.pairs import ManifoldMixup
from tests.support.comparison import random_rows

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])


@pytest.mark.parametrize('alpha', [0.1, 1.0])
def test_each_sample_is_mixed_into_one_other(alpha: float) -> None:
    """Feature and target mix in one ratio; the partners are a permutation of the batch."""
    torch.manual_seed(0)
    features = random_rows(10)
    pairs = ManifoldMixup(alpha)(features, torch.arange(10), 10)
    partners = []
    for i in range(10):
        ratio = pairs.positive_targets[i, i]
        rest = pairs.positive_targets[i].clone()
        rest[i] = 0
        partner = int(rest.argmax()) if rest.sum() > 0 else i
        partners.append(partner)
        torch.testing.assert_close(pairs.positives[i], ratio * features[i] + (1 - ratio) * features[partner])
        torch.testing.assert_close(pairs.positive_targets[i, partner], 1 - ratio if partner != i else ratio)
    assert sorted(partners) == list(range(10))
    assert partners != list(range(10))


def test_targets_are_mixtures_led_by_the_own_class() -> None:
    """Over many draws: rows sum to 1 and the anchor's class has at least one half."""
    torch.manual_seed(0)
    for _ in range(100):
        targets = ManifoldMixup()(random_rows(10), LABELS, 5).positive_targets
        torch.testing.assert_close(targets.sum(dim=1), torch.ones(10).double(), rtol=1e-14, atol=0)
        assert (targets[torch.arange(10), LABELS] >= 0.5).all()
        assert ((targets > 0).sum(dim=1) <= 2).all()
        assert (targets[:, 4] == 0).all()


def test_partners_are_uniform() -> None:
    """2500 draws of the first sample's partner among five samples, itself included."""
    torch.manual_seed(0)
    counts = torch.zeros(5)
    for _ in range(2500):
        targets = ManifoldMixup()(torch.eye(5), torch.arange(5), 5).positive_targets[0]
        counts[0 if targets[0] == 1 else targets[1:].argmax() + 1] += 1
    # The 99.9 % quantile of chi-square with 4 degrees of freedom.
    assert ((counts - 500) ** 2 / 500).sum() < 18.47


@pytest.mark.parametrize('alpha', [0.1, 1.0, 4.0])
def test_ratio_is_a_folded_beta_variate(alpha: float) -> None:
    """Folding at 1/2 keeps the second moment around 1/2: 1 / (4 (2 alpha + 1))."""
    torch.manual_seed(0)
    pairs = ManifoldMixup(alpha)(random_rows(2000), torch.arange(2000), 2000)
    ratio = pairs.positive_targets.diagonal()
    moment, expected = (ratio - 0.5).square(), 1 / (4 * (2 * alpha + 1))
    assert moment.mean().item() == pytest.approx(expected, abs=4 * moment.std().item() / math.sqrt(2000))


def test_there_are_no_negatives() -> None:
    """Negative rows have the right shapes and are all masked."""
    pairs = ManifoldMixup()(random_rows(10), LABELS, 5)
    assert not pairs.negative_mask.any()
    assert pairs.positive_mask.all()
    assert pairs.negatives.shape == (10, 5)
    assert pairs.negative_targets.shape == (10, 5)


def test_gradient_reaches_both_mixed_features() -> None:
    """The derivative of a mixture with respect to its two rows is the two shares."""
    torch.manual_seed(0)
    features = random_rows(6).requires_grad_()
    pairs = ManifoldMixup()(features, torch.arange(6), 6)
    for i in range(6):
        (gradient,) = torch.autograd.grad(pairs.positives[i].sum(), features, retain_graph=True)
        torch.testing.assert_close(gradient, pairs.positive_targets[i][:, None].expand(6, 5))


def test_one_sample_mixes_with_itself() -> None:
    """Nothing changes, and nothing is NaN."""
    features = random_rows(1)
    pairs = ManifoldMixup()(features, torch.tensor([2]), 4)
    torch.testing.assert_close(pairs.positives, features, rtol=1e-14, atol=0)
    assert pairs.positive_targets.tolist() == [[0, 0, 1, 0]]


def test_tiny_alpha_gives_no_nan() -> None:
    """At alpha 0.01 nearly every ratio is 1 and none is NaN."""
    torch.manual_seed(0)
    for _ in range(5):
        pairs = ManifoldMixup(0.01)(random_rows(2000, dtype=torch.float32), torch.arange(4).repeat(500), 4)
        assert pairs.positives.isfinite().all()
        assert pairs.positive_targets.isfinite().all()


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_type_of_the_features_is_kept(dtype: torch.dtype) -> None:
    """Mixtures have the features' type and targets are still distributions."""
    pairs = ManifoldMixup()(random_rows(10, dtype=dtype), LABELS, 5)
    assert pairs.positives.dtype == dtype
    sums = pairs.positive_targets.double().sum(dim=1)
    torch.testing.assert_close(sums, torch.ones(10).double(), rtol=0, atol=torch.finfo(dtype).eps)


def test_seed_decides_everything() -> None:
    """The same seed gives the same mixtures, another seed gives others."""
    drawn = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        drawn.append(ManifoldMixup()(random_rows(10), LABELS, 5))
    assert all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True))
    assert not torch.equal(drawn[0].positives, drawn[2].positives)


def test_no_rows() -> None:
    """A batch without rows gives mixtures without rows."""
    pairs = ManifoldMixup()(torch.zeros(0, 5), torch.zeros(0).long(), 4)
    assert [tuple(part.shape) for part in pairs] == [(0, 5), (0, 4), (0,)] * 2


@pytest.mark.parametrize('dtype', [torch.int32, torch.uint8], ids=str)
def test_labels_of_any_integer_type(dtype: torch.dtype) -> None:
    """The contract is integers, as for the losses."""
    drawn = []
    for labels in (LABELS, LABELS.to(dtype)):
        torch.manual_seed(0)
        drawn.append(ManifoldMixup()(random_rows(10), labels, 5))
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))


def test_refuses_bad_alpha() -> None:
    """A Beta distribution needs a positive parameter."""
    with pytest.raises(ValueError, match='alpha must be positive, got 0'):
        ManifoldMixup(alpha=0)
