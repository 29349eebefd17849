"""HardPairMixup: which rows are mixed, in which ratio, and what happens without a partner."""

import math

import pytest
import torch
from torch import Tensor

from cft.models.pairs import HardPairMixup
from cft.models.pairs.hard_pair import hardest_pairs
from tests.support.comparison import random_rows

# Sample 4 is alone in its class.
LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
CLASSES = 5


def hardest(features: Tensor, labels: Tensor, i: int) -> tuple[int, int]:
    """Hardest positive and negative of anchor i, by a loop over cosines."""
    positive, negative = i, -1
    least, most = math.inf, -math.inf
    for j in range(len(features)):
        cosine = float(torch.cosine_similarity(features[i], features[j], dim=0))
        if j != i and labels[j] == labels[i] and cosine < least:
            positive, least = j, cosine
        if labels[j] != labels[i] and cosine > most:
            negative, most = j, cosine
    return positive, negative


@pytest.mark.parametrize('seed', range(5))
def test_hardest_pairs_are_those_of_a_loop(seed: int) -> None:
    """Least similar of the class (else the anchor itself), most similar of the others; lengths do not matter."""
    features = random_rows(10, seed=seed) * torch.logspace(-2, 2, 10, dtype=torch.float64)[:, None]
    positives, negatives, has_negative = hardest_pairs(features, LABELS)
    found = list(zip(positives.tolist(), negatives.tolist(), strict=True))
    assert found == [hardest(features, LABELS, i) for i in range(10)]
    assert has_negative.all()


@pytest.mark.parametrize('alpha', [0.1, 1.0])
def test_positive_mixes_the_hardest_pair(alpha: float) -> None:
    """Feature and target are mixed in one ratio; the target names the classes of the two rows mixed."""
    torch.manual_seed(0)
    features = random_rows(10)
    pairs = HardPairMixup(alpha)(features, LABELS, CLASSES)
    ratios = pairs.positive_targets[torch.arange(10), LABELS]
    for i, ratio in enumerate(ratios):
        positive, negative = hardest(features, LABELS, i)
        torch.testing.assert_close(pairs.positives[i], ratio * features[positive] + (1 - ratio) * features[negative])
        expected = torch.zeros(CLASSES, dtype=torch.float64)
        expected[LABELS[i]], expected[LABELS[negative]] = ratio, 1 - ratio
        torch.testing.assert_close(pairs.positive_targets[i], expected)
    assert len(ratios.unique()) == 10
    assert pairs.positive_mask.all()


@pytest.mark.parametrize('threshold', [0.8, 0.95, 0.0])
def test_negative_mixes_the_anchor_with_another_class(threshold: float) -> None:
    """Over many draws: a true negative every time, the ratio above its threshold, one ratio for feature and target."""
    torch.manual_seed(0)
    features, generator = random_rows(10), HardPairMixup(negative_threshold=threshold)
    lowest = 1.0
    for _ in range(100):
        pairs = generator(features, LABELS, CLASSES)
        for i in range(10):
            own = float(pairs.negative_targets[i, LABELS[i]])
            other = int(pairs.negative_targets[i].argmax() if own < 0.5 else pairs.negative_targets[i].topk(2)[1][1])
            partner = (pairs.negatives[i] - own * features[i]) / (1 - own)
            distances = (features - partner).norm(dim=1)
            assert distances.min() < 1e-6
            assert LABELS[distances.argmin()] == other != LABELS[i]
            assert 1 - own >= threshold - 1e-12
            lowest = min(lowest, 1 - own)
        assert pairs.negative_mask.all()
        torch.testing.assert_close(pairs.negative_targets.sum(dim=1), torch.ones(10).double(), rtol=1e-14, atol=0)
        assert (pairs.negative_targets > 0).sum(dim=1).eq(2).all()
    # The clip is reached where there is one: with alpha 1 most draws lie below it.
    assert lowest == pytest.approx(threshold, abs=1e-12 if threshold else 0.01)


def test_random_negatives_are_uniform_over_the_samples() -> None:
    """2000 equal anchors choose among five samples of three other classes, each with probability 1/5."""
    torch.manual_seed(0)
    features = torch.cat([torch.zeros(2000, 5), torch.eye(5)]).double()
    labels = torch.tensor([0] * 2000 + [1, 1, 2, 3, 3])
    pairs = HardPairMixup()(features, labels, 4)
    counts = torch.bincount(pairs.negatives[:2000].argmax(dim=1), minlength=5)
    chi_square = ((counts - 400) ** 2 / 400).sum()
    # The 99.9 % quantile with 4 degrees of freedom.
    assert chi_square < 18.47


def test_a_single_negative_is_always_found() -> None:
    """2000 anchors whose only negative is the last row: no draw falls back on their own class."""
    torch.manual_seed(0)
    labels = torch.tensor([0] * 2000 + [1])
    pairs = HardPairMixup()(random_rows(2001), labels, 2)
    assert (pairs.negative_targets[:2000, 1] >= 0.8).all()
    assert pairs.negative_targets[2000, 0] >= 0.8


@pytest.mark.parametrize('alpha', [0.1, 1.0, 4.0])
def test_ratios_follow_the_beta_distribution(alpha: float) -> None:
    """Mean 1/2 and variance 1 / (4 (2 alpha + 1)), independent for positives and negatives."""
    torch.manual_seed(0)
    labels = torch.arange(2).repeat(1000)
    pairs = HardPairMixup(alpha, negative_threshold=0.0)(random_rows(2000), labels, 2)
    rows = torch.arange(2000)
    positive, negative = pairs.positive_targets[rows, labels], 1 - pairs.negative_targets[rows, labels]
    variance = 1 / (4 * (2 * alpha + 1))
    for ratio in (positive, negative):
        assert ratio.mean().item() == pytest.approx(0.5, abs=4 * math.sqrt(variance / 2000))
        assert ratio.var().item() == pytest.approx(variance, rel=0.1)
    assert abs(torch.corrcoef(torch.stack([positive, negative]))[0, 1]) < 4 / math.sqrt(2000)


def test_positive_threshold_clips_from_below() -> None:
    """lambda_p = 0.7 keeps the hardest positive's share at 70 % or more, and reaches that bound."""
    torch.manual_seed(0)
    pairs = HardPairMixup(positive_threshold=0.7)(random_rows(10), LABELS, CLASSES)
    shares = pairs.positive_targets[torch.arange(10), LABELS]
    assert shares.min().item() == pytest.approx(0.7, rel=1e-12)
    assert shares.max() > 0.7


def test_gradient_reaches_the_mixed_rows_and_no_other() -> None:
    """d positive / d hardest positive is the ratio, and so on; the search has no gradient."""
    torch.manual_seed(1)
    features = random_rows(10).requires_grad_()
    pairs = HardPairMixup()(features, LABELS, CLASSES)
    for i in range(10):
        positive, negative = hardest(features.detach(), LABELS, i)
        ratio = pairs.positive_targets[i, LABELS[i]].item()
        (gradient,) = torch.autograd.grad(pairs.positives[i].sum(), features, retain_graph=True)
        expected = torch.zeros_like(gradient)
        expected[positive] += ratio
        expected[negative] += 1 - ratio
        torch.testing.assert_close(gradient, expected)
        (gradient,) = torch.autograd.grad(pairs.negatives[i].sum(), features, retain_graph=True)
        own = pairs.negative_targets[i, LABELS[i]].item()
        assert gradient[i].tolist() == pytest.approx([own] * 5)
        partner = (gradient.sum(dim=1) - 5 * (1 - own)).abs().argmin()
        assert gradient[partner].tolist() == pytest.approx([1 - own] * 5)
        assert LABELS[partner] != LABELS[i]
        assert (gradient != 0).any(dim=1).sum() == 2
