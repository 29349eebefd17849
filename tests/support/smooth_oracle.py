"""Samples as a pair generator makes them, and Core-tuning's smooth cross-entropy over them by a loop."""

from collections.abc import Sequence

import torch
from torch import Tensor

from cft.models.pairs import MixedPairs
from tests.support.comparison import random_rows


def generated_samples(
    positive_mask: Sequence[bool], negative_mask: Sequence[bool], width: int, classes: int, dtype: torch.dtype
) -> MixedPairs:
    """Two rows with soft labels for each anchor; the masks say which of them exist."""
    anchors = len(positive_mask)
    rows = random_rows(2 * anchors, width, seed=1).to(dtype)
    targets = random_rows(2 * anchors, classes, seed=2).softmax(dim=1).to(dtype)
    masks = torch.tensor(positive_mask, dtype=torch.bool), torch.tensor(negative_mask, dtype=torch.bool)
    return MixedPairs(rows[:anchors], targets[:anchors], masks[0], rows[anchors:], targets[anchors:], masks[1])


def soft_cross_entropy(row: Tensor, target: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``-sum_k y_k log softmax(Wx + b)_k`` of one row, by a loop over classes."""
    logits = weight.flatten(1) @ row + bias
    return -sum(y * (logit - logits.exp().sum().log()) for y, logit in zip(target, logits, strict=True))


def smooth_mean(
    cross_entropy: Tensor,
    number: int,
    mixed: MixedPairs,
    weight: Tensor,
    bias: Tensor,
    represented: Sequence[float] | Tensor | None = None,
    frequencies: Sequence[int] | None = None,
) -> Tensor:
    """Mean over ``number`` originals and what was generated.

    Each sample counts as often as its anchor stands for others, or as its soft label is too rare.
    """
    existing, counts = [], []
    for rows, targets, mask in (mixed[:3], mixed[3:]):
        for anchor in range(len(rows)):
            if mask[anchor]:
                existing.append((rows[anchor], targets[anchor]))
                counts.append(1.0 if represented is None else float(represented[anchor]))
    if frequencies is not None:
        counts = frequency_counts(counts, [target.tolist() for _, target in existing], frequencies)
    total = number * cross_entropy
    for (row, target), times in zip(existing, counts, strict=True):
        total = total + times * soft_cross_entropy(row, target, weight, bias)
    return total / (number + sum(counts))


def frequency_counts(
    counts: Sequence[float], targets: Sequence[Sequence[float]], frequencies: Sequence[int]
) -> list[float]:
    """Counts of the same sum, each times how much rarer its classes are among the targets than they should be."""
    weighted = []
    for count, target in zip(counts, targets, strict=True):
        rarity = 0.0
        for label, part in enumerate(target):
            mass = sum(times * other[label] for times, other in zip(counts, targets, strict=True))
            rarity += part * frequencies[label] / mass if mass > 0 else 0.0
        weighted.append(count * rarity)
    return [sum(counts) * count / sum(weighted) for count in weighted]
