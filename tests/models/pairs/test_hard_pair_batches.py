"""HardPairMixup on batches with too little in them, in short types, with extreme options."""

import re

import pytest
import torch

from cft.models.pairs import HardPairMixup
from tests.support.comparison import random_rows

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])


@pytest.mark.parametrize('labels', [[2], [2, 2, 2, 2]], ids=['one sample', 'one class'])
def test_without_another_class_nothing_is_mixed(labels: list[int]) -> None:
    """The positive is the hardest positive as it is, in every draw, and there is no negative."""
    torch.manual_seed(0)
    features = random_rows(len(labels))
    cosine = torch.nn.functional.normalize(features) @ torch.nn.functional.normalize(features).T
    hardest = cosine.fill_diagonal_(torch.inf).argmin(dim=1)
    target = torch.tensor([[0.0, 0.0, 1.0, 0.0]], dtype=torch.float64).expand(len(labels), 4)
    for _ in range(20):
        pairs = HardPairMixup()(features, torch.tensor(labels), 4)
        assert torch.equal(pairs.positives, features[hardest])
        assert torch.equal(pairs.positive_targets, target)
        assert pairs.positive_mask.all()
        assert not pairs.negative_mask.any()
        assert pairs.negatives.isfinite().all()


def test_all_alone_in_their_classes() -> None:
    """Each anchor is its own hardest positive and mixes with its nearest neighbour."""
    torch.manual_seed(0)
    features = torch.tensor([[1.0, 0.0], [1.0, 0.2], [-1.0, 0.1], [-1.0, 0.5]], dtype=torch.float64)
    pairs = HardPairMixup()(features, torch.arange(4), 4)
    for i, neighbour in enumerate([1, 0, 3, 2]):
        ratio = pairs.positive_targets[i, i]
        assert pairs.positive_targets[i, neighbour] == pytest.approx(1 - ratio.item())
        torch.testing.assert_close(pairs.positives[i], ratio * features[i] + (1 - ratio) * features[neighbour])
    assert pairs.negative_mask.all()


def test_one_anchor_alone_in_its_class() -> None:
    """Only the lone sample stands in for its own positive."""
    torch.manual_seed(0)
    features = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], dtype=torch.float64)
    pairs = HardPairMixup()(features, torch.tensor([0, 1, 1]), 2)
    ratio = pairs.positive_targets[torch.arange(3), [0, 1, 1]][:, None]
    positives, negatives = features[[0, 2, 1]], features[[1, 0, 0]]
    torch.testing.assert_close(pairs.positives, ratio * positives + (1 - ratio) * negatives)


def test_zero_and_identical_rows() -> None:
    """Without directions to compare, the classes of the partners are still right."""
    for features in (torch.zeros(6, 3), torch.ones(6, 3)):
        torch.manual_seed(0)
        labels = torch.tensor([0, 0, 1, 1, 2, 2])
        pairs = HardPairMixup()(features, labels, 3)
        assert torch.equal(pairs.positives, features)
        assert torch.equal(pairs.negatives, features)
        assert (pairs.negative_targets[torch.arange(6), labels] <= 0.2 + 1e-6).all()
        torch.testing.assert_close(pairs.positive_targets.sum(dim=1), torch.ones(6))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16], ids=str)
@pytest.mark.parametrize('alpha', [0.01, 1e-3])
def test_tiny_alpha_gives_no_nan(dtype: torch.dtype, alpha: float) -> None:
    """Gamma variates underflow at a small alpha; the mixtures stay convex."""
    torch.manual_seed(0)
    labels = torch.arange(4).repeat(50)
    features = torch.nn.functional.one_hot(labels, 4).to(dtype)
    for _ in range(50):
        pairs = HardPairMixup(alpha)(features, labels, 4)
        for values in (pairs.positives, pairs.negatives, pairs.positive_targets, pairs.negative_targets):
            assert values.isfinite().all()
            assert values.min() >= 0
            assert values.max() <= 1


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_type_of_the_features_is_kept(dtype: torch.dtype) -> None:
    """Mixtures have the features' type, masks are boolean, and targets are still distributions."""
    torch.manual_seed(0)
    features = random_rows(10, dtype=dtype).requires_grad_()
    pairs = HardPairMixup()(features, LABELS, 4)
    assert pairs.positives.dtype == pairs.negatives.dtype == dtype
    assert pairs.positive_mask.dtype == pairs.negative_mask.dtype == torch.bool
    assert pairs.positives.shape == pairs.negatives.shape == (10, 5)
    bound = torch.finfo(dtype).eps
    for targets in (pairs.positive_targets, pairs.negative_targets):
        assert targets.shape == (10, 4)
        assert not targets.requires_grad
        torch.testing.assert_close(targets.double().sum(dim=1), torch.ones(10).double(), rtol=0, atol=bound)
    own = pairs.negative_targets[torch.arange(10), LABELS].double()
    assert (own <= 0.2 + bound).all()
    (pairs.positives.sum() + pairs.negatives.sum()).backward()
    assert features.grad.dtype == dtype


def test_seed_decides_everything() -> None:
    """The same seed gives the same pairs, another seed gives others."""
    drawn = []
    for seed in (7, 7, 8):
        torch.manual_seed(seed)
        drawn.append(HardPairMixup()(random_rows(10), LABELS, 4))
    assert all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True))
    assert not torch.equal(drawn[0].positives, drawn[2].positives)
    assert not torch.equal(drawn[0].negatives, drawn[2].negatives)


def test_no_rows() -> None:
    """A batch without rows (an image without a sampled pixel or region) gives pairs without rows."""
    pairs = HardPairMixup()(torch.zeros(0, 5), torch.zeros(0).long(), 4)
    assert [tuple(part.shape) for part in pairs] == [(0, 5), (0, 4), (0,)] * 2


@pytest.mark.parametrize('dtype', [torch.int32, torch.int16, torch.uint8], ids=str)
def test_labels_of_any_integer_type(dtype: torch.dtype) -> None:
    """The contract is integers, as for the losses; segmentation maps are often uint8."""
    drawn = []
    for labels in (LABELS, LABELS.to(dtype)):
        torch.manual_seed(0)
        drawn.append(HardPairMixup()(random_rows(10), labels, 4))
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'alpha': 0}, 'alpha must be positive, got 0'),
        ({'alpha': -1.0}, 'alpha must be positive, got -1.0'),
        ({'negative_threshold': 1.1}, 'negative_threshold must lie in [0, 1], got 1.1'),
        ({'positive_threshold': -0.1}, 'positive_threshold must lie in [0, 1], got -0.1'),
    ],
)
def test_refuses_bad_options(options: dict[str, float], message: str) -> None:
    """The message names the option and its value."""
    with pytest.raises(ValueError, match=re.escape(message)):
        HardPairMixup(**options)
