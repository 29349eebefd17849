"""smooth_cross_entropy with class frequencies: what the generated samples then tell the classifier of the classes."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from cft.models.branches import smooth_cross_entropy
from cft.models.pairs import HardPairMixup, MixedPairs
from cft.ops import balanced_subset
from tests.support.comparison import random_rows

NUMBER = 1000


def samples(targets: Tensor) -> MixedPairs:
    """Pairs of 2N targets, all of which exist."""
    halves, exist = targets.chunk(2), torch.ones(len(targets) // 2, dtype=torch.bool)
    rows = random_rows(len(exist), 3).float()
    return MixedPairs(rows, halves[0], exist, rows, halves[1], exist)


def mean_target(
    mixed: MixedPairs, represented: Tensor | None = None, frequencies: Tensor | None = None
) -> tuple[Tensor, float]:
    """Mean soft label of the generated samples as they are counted, and the sum of their counts.

    Found from the gradients alone: a classifier with nothing but a bias gets
    its softmax less the mean label, times the generated samples' part of all;
    the loss of the originals gets the rest.
    """
    classes = mixed.positive_targets.shape[1]
    bias, original = torch.zeros(classes, requires_grad=True), torch.tensor(1.0, requires_grad=True)
    value = smooth_cross_entropy(
        original, NUMBER, mixed, lambda rows: bias.expand(len(rows), -1), represented, frequencies
    )
    assert value.isfinite()
    value.backward()
    part = 1 - float(original.grad)
    return 1 / classes - bias.grad / part, NUMBER * part / (1 - part)


def relative_entropy(truth: Tensor, estimate: Tensor) -> float:
    """``KL(truth || estimate)`` in nats."""
    return float((truth * (truth / estimate).log()).sum())


def crowded(seed: int, classes: int) -> tuple[MixedPairs, Tensor, Tensor]:
    """What Core-tuning generates for 32 of 2000 pixels, of which nine in ten are background."""
    torch.manual_seed(seed)
    labels = torch.where(torch.rand(2000) < 0.9, 0, torch.randint(1, classes, (2000,)))
    features = torch.randn(classes, 6)[labels] + torch.randn(2000, 6)
    hard = torch.rand(2000) < torch.where(labels == 0, 0.02, 0.4)
    chosen, represented = balanced_subset(labels, torch.arange(2000) // 1000, hard, 16, 0.5)
    mixed = HardPairMixup()(features[chosen], labels[chosen], classes)
    return mixed, represented, labels.bincount(minlength=classes)


@pytest.mark.parametrize('classes', [2, 3, 5])
def test_pixels_with_much_background(classes: int) -> None:
    """Soft labels miss the class frequencies by far without weights, and by a fifth less at least with them."""
    remaining = []
    for seed in range(12):
        mixed, represented, frequencies = crowded(seed, classes)
        truth = frequencies / frequencies.sum()
        found = [mean_target(mixed, represented, weights)[0] for weights in (None, frequencies)]
        missed, left = (float((target - truth).abs().sum()) for target in found)
        assert left < missed > 0.5
        remaining.append(left / missed)
    assert sum(remaining) / len(remaining) < 0.8


@pytest.mark.parametrize('frequencies', [[900, 100], [1, 3], [900, 80, 20], [5, 5, 500, 1, 40]])
def test_hard_targets_follow_the_frequencies_exactly(frequencies: list[int]) -> None:
    """Whatever the counts; without weights they do not."""
    truth, classes = torch.tensor(frequencies) / sum(frequencies), len(frequencies)
    generator = torch.Generator().manual_seed(classes)
    mixed = samples(one_hot(torch.arange(40) % classes, classes).float())
    represented = 1 + 9 * torch.rand(20, generator=generator)
    found, _ = mean_target(mixed, represented, torch.tensor(frequencies))
    torch.testing.assert_close(found, truth, rtol=1e-4, atol=1e-5)
    assert (mean_target(mixed, represented)[0] - truth).abs().max() > 0.1


@pytest.mark.parametrize('softness', [0.1, 1.0, 10.0])
@pytest.mark.parametrize('seed', range(10))
def test_soft_targets_come_nearer_by_relative_entropy(seed: int, softness: float) -> None:
    """For any targets, counts and frequencies: the weights are one step of EM for the proportions of a mixture."""
    torch.manual_seed(seed)
    targets = torch.distributions.Dirichlet(torch.full((4,), softness)).sample((30,))
    represented, frequencies = torch.rand(15) * 20, torch.randint(1, 1000, (4,))
    truth = frequencies / frequencies.sum()
    before, after = (mean_target(samples(targets), represented, weights)[0] for weights in (None, frequencies))
    assert relative_entropy(truth, after) < relative_entropy(truth, before)


@pytest.mark.parametrize('seed', range(3))
def test_sum_of_counts_stays(seed: int) -> None:
    """Generated and original samples keep their parts of the mean."""
    mixed, represented, frequencies = crowded(seed, 3)
    assert mean_target(mixed, represented, frequencies)[1] == pytest.approx(2 * float(represented.sum()), rel=1e-4)
    assert mean_target(mixed, None, frequencies)[1] == pytest.approx(2 * len(represented), rel=1e-4)


def value_of(mixed: MixedPairs, represented: Tensor | None, frequencies: Tensor | None) -> Tensor:
    """The loss of a fixed classifier."""
    weight, original = random_rows(mixed.positive_targets.shape[1], 3, seed=4).float(), torch.tensor(1.5)
    return smooth_cross_entropy(original, NUMBER, mixed, lambda rows: rows @ weight.T, represented, frequencies)


def test_right_proportions_stay_as_they_are() -> None:
    """Frequencies in proportion to the soft labels, of whatever sum, change nothing; others do."""
    targets = random_rows(20, 3, seed=2).softmax(dim=1).float()
    represented = torch.arange(1.0, 11)
    proportions = represented.repeat(2) @ targets
    plain = value_of(samples(targets), represented, None)
    for frequencies in (proportions, 1000 * proportions):
        torch.testing.assert_close(value_of(samples(targets), represented, frequencies), plain)
    assert (value_of(samples(targets), represented, proportions.flip(0)) - plain).abs() > 1e-3


def test_one_class_alone() -> None:
    """There is nothing to balance."""
    targets, represented = one_hot(torch.ones(8).long(), 3).float(), torch.tensor([1.0, 2.0, 3.0, 4.0])
    plain = value_of(samples(targets), represented, None)
    torch.testing.assert_close(value_of(samples(targets), represented, torch.tensor([0, 70, 0])), plain)


def test_a_class_that_nothing_was_generated_for() -> None:
    """As background that the sampler leaves out: the others keep their proportions to each other."""
    mixed = samples(one_hot(torch.arange(12) % 2, 3).float())
    found, total = mean_target(mixed, torch.ones(6), torch.tensor([30, 10, 960]))
    torch.testing.assert_close(found, torch.tensor([0.75, 0.25, 0.0]), rtol=1e-4, atol=1e-5)
    assert total == pytest.approx(12, rel=1e-4)
    assert value_of(mixed, torch.ones(6), torch.tensor([0, 0, 960])).isfinite()


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_mixed_precision(dtype: torch.dtype) -> None:
    """Counts of more pixels than float16 has numbers, 65504: the weights are those of full precision."""
    targets = (5 * random_rows(200, 3, seed=2)).softmax(dim=1).float()
    represented, frequencies = torch.full((100,), 1000.0), torch.tensor([90000, 8000, 2000])
    expected, _ = mean_target(samples(targets), represented, frequencies)
    with torch.autocast('cpu', dtype):
        found, _ = mean_target(samples(targets), represented, frequencies)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
