"""smooth_cross_entropy against a plain loop over original and generated samples."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cft.models.branches import smooth_cross_entropy
from cft.models.pairs import MixedPairs
from cft.ops import balanced_subset
from tests.support.comparison import random_rows
from tests.support.smooth_oracle import generated_samples, smooth_mean, soft_cross_entropy

CLASSES = 3
DRAWS = 300


def mixed_pairs(positive: list[bool], negative: list[bool]) -> MixedPairs:
    return generated_samples(positive, negative, 5, CLASSES, torch.float64)


def linear() -> nn.Linear:
    return nn.Linear(5, CLASSES).double()


@pytest.mark.parametrize(
    ('positive', 'negative'),
    [
        ([True] * 4, [True] * 4),
        ([True] * 4, [False] * 4),
        ([True, False, True, False], [False, True, True, False]),
        ([False] * 4, [True] * 4),
        ([False] * 4, [False] * 4),
        ([True], [True]),
        ([], []),
    ],
)
@pytest.mark.parametrize('frequencies', [None, [900, 80, 20]])
@pytest.mark.parametrize('weighted', [False, True])
def test_mean_over_originals_and_what_exists(
    positive: list[bool], negative: list[bool], weighted: bool, frequencies: list[int] | None
) -> None:
    """Value, and the gradients of the classifier, the generated rows and the originals' loss."""
    mixed, classifier = mixed_pairs(positive, negative), linear()
    mixed.positives.requires_grad_()
    represented = torch.tensor([2.5, 1.0, 7.0, 4.0])[: len(positive)] if weighted else None
    number = torch.tensor(14.5) if weighted else 6
    original = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    leaves = [original, mixed.positives, *classifier.parameters()]
    numbers = None if frequencies is None else torch.tensor(frequencies)
    value = smooth_cross_entropy(original, number, mixed, classifier, represented, numbers)
    expected = smooth_mean(original, number, mixed, classifier.weight, classifier.bias, represented, frequencies)
    torch.testing.assert_close(value.double(), expected.double(), rtol=1e-5, atol=1e-6)
    gradients = torch.autograd.grad(value, leaves, materialize_grads=True)
    expected_gradients = torch.autograd.grad(expected, leaves, materialize_grads=True, allow_unused=True)
    for gradient, right in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(gradient.double(), right, rtol=1e-4, atol=1e-6)


def test_all_originals_are_anchors() -> None:
    """The plain average over originals and generated samples, all of one kind."""
    rows, labels, classifier = random_rows(6, seed=3), torch.tensor([0, 1, 2, 2, 1, 1]), linear()
    mixed = mixed_pairs([True] * 6, [True] * 6)
    original = F.cross_entropy(classifier(rows), labels)
    value = smooth_cross_entropy(original, 6, mixed, classifier, torch.ones(6))
    samples = torch.cat([rows, mixed.positives, mixed.negatives])
    targets = torch.cat([F.one_hot(labels, CLASSES), mixed.positive_targets, mixed.negative_targets])
    pairs = zip(samples, targets, strict=True)
    average = sum(soft_cross_entropy(*pair, classifier.weight, classifier.bias) for pair in pairs) / 18
    torch.testing.assert_close(value.double(), average, rtol=1e-6, atol=0)


def test_unbiased_where_the_classes_are_drawn_unequally() -> None:
    """Few anchors, as many of a class of 3 as of one of 40, estimate the average with samples for all 55.

    Five standard errors are allowed; with every anchor counted once it is far off.
    """
    labels = torch.tensor([0] * 40 + [1] * 12 + [2] * 3)
    classifier, mixed = linear(), mixed_pairs([True] * 55, [True] * 55)
    # The small class has a large loss.
    classifier.bias.data = torch.tensor([0.0, 0.0, -5.0]).double()
    targets = F.one_hot(labels, CLASSES).double()
    mixed = mixed._replace(positive_targets=targets, negative_targets=targets)
    original = torch.tensor(1.2, dtype=torch.float64)
    with torch.no_grad():
        average = smooth_mean(original, 55, mixed, classifier.weight, classifier.bias)
        estimates: dict[bool, list[Tensor]] = {True: [], False: []}
        for _ in range(DRAWS):
            drawn, represented = balanced_subset(labels, torch.zeros_like(labels), labels > 5, 9, 0.5)
            part = MixedPairs(*(field[drawn] for field in mixed))
            for weighted, values in estimates.items():
                weights = represented if weighted else None
                values.append(smooth_cross_entropy(original, 55, part, classifier, weights))
    for weighted, values in estimates.items():
        errors = torch.stack(values).double() - average
        assert (errors.mean().abs() < 5 * errors.std() / DRAWS**0.5) == weighted


@pytest.mark.parametrize('number', [0, 4, torch.tensor(0.0)])
@pytest.mark.parametrize('frequencies', [None, torch.tensor([4, 0, 0]), torch.zeros(CLASSES).long()])
def test_nothing_generated(number: int | Tensor, frequencies: Tensor | None) -> None:
    """The plain loss, also where there is no original sample; the classifier stays within DDP's reach."""
    for mixed in (mixed_pairs([], []), mixed_pairs([False] * 3, [False] * 3)):
        classifier, original = linear(), torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        ones = torch.ones(len(mixed.positives))
        value = smooth_cross_entropy(original, number, mixed, classifier, ones, frequencies)
        value.backward()
        assert value == 0.5
        assert original.grad == 1
        assert all((parameter.grad == 0).all() for parameter in classifier.parameters())


@pytest.mark.parametrize('frequencies', [None, torch.tensor([900, 80, 20])])
def test_rows_that_do_not_exist_may_hold_anything(frequencies: Tensor | None) -> None:
    """Far from the others, but finite: neither value nor gradient notices them."""
    classifier, mixed = linear(), mixed_pairs([True, False], [True, True])
    other = mixed._replace(
        positives=mixed.positives * torch.tensor([[1.0], [1e6]]).double(),
        positive_targets=mixed.positive_targets * torch.tensor([[1.0], [50.0]]).double(),
    )
    weights = torch.tensor([2.0, 3.0])
    values = [
        smooth_cross_entropy(torch.tensor(1.0), 5, pairs, classifier, weights, frequencies) for pairs in (mixed, other)
    ]
    assert torch.equal(*values)
    gradients = [torch.autograd.grad(value, classifier.weight)[0] for value in values]
    assert torch.equal(*gradients)


def test_half_precision_is_computed_in_float32() -> None:
    """The classifier's own output is short, what follows is not: 257 originals are no number of bfloat16."""
    mixed = mixed_pairs([True] * 4, [True] * 4)
    short = MixedPairs(*(part.bfloat16() if part.is_floating_point() else part for part in mixed))
    classifier, represented = nn.Linear(5, CLASSES).bfloat16(), torch.tensor([257.0, 1, 1, 1])
    value = smooth_cross_entropy(torch.tensor(1.0), 260, short, classifier, represented)
    assert value.dtype == torch.float32
    full = MixedPairs(*(part.double() if part.is_floating_point() else part for part in short))
    classifier = classifier.double()
    expected = smooth_mean(torch.tensor(1.0).double(), 260, full, classifier.weight, classifier.bias, represented)
    torch.testing.assert_close(value.double(), expected, rtol=1e-2, atol=0)
