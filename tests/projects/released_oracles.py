"""What released code computes, spelt out in plain loops over anchors and rows."""

import torch
from torch import Tensor

from cft.models.pairs import MixedPairs
from tests.support.oracles import exponential, mean


def core_tuning(
    features: Tensor,
    labels: Tensor,
    positives: Tensor,
    negatives: Tensor,
    mixed: MixedPairs,
    *,
    temperature: float,
    all_anchors: bool,
    divide_by_rows: bool,
) -> Tensor:
    """Every row is compared with every row; equal soft labels are positives, whatever generated them."""
    one_hot = torch.eye(mixed.positive_targets.shape[1], dtype=torch.float64)
    rows = [(row, one_hot[int(label)]) for row, label in zip(features, labels, strict=True)]
    for extra, targets, mask in (
        (positives, mixed.positive_targets, mixed.positive_mask),
        (negatives, mixed.negative_targets, mixed.negative_mask),
    ):
        rows += [(row, y) if exists else None for row, y, exists in zip(extra, targets, mask, strict=True)]
    losses = []
    for i, anchor in enumerate(rows if all_anchors else rows[: len(features)]):
        if anchor is None:
            continue
        others = [row for j, row in enumerate(rows) if j != i and row is not None]
        scores = [exponential(anchor[0], row, temperature) for row, _ in others]
        alike = [s for s, (_, y) in zip(scores, others, strict=True) if all(map(torch.equal, anchor[1], y))]
        if alike:
            terms = [(1 - s / sum(scores)) * torch.log(s / sum(scores)) for s in alike]
            losses.append(-sum(terms) / (len(rows) if divide_by_rows else len(alike)))
    return mean(losses, features)


def coin(features: Tensor, labels: Tensor, *, temperature: float, divide_by_rows: bool, keep_diagonal: bool) -> Tensor:
    """An anchor may be a positive of itself; the sum in the denominator never holds it."""
    losses = []
    for i, anchor in enumerate(features):
        scores = [exponential(anchor, row, temperature) for row in features]
        denominator = sum(score for j, score in enumerate(scores) if j != i)
        alike = [
            torch.log(score / denominator)
            for j, score in enumerate(scores)
            if labels[j] == labels[i] and (j != i or keep_diagonal)
        ]
        if alike:
            losses.append(-sum(alike) / (len(features) if divide_by_rows else len(alike)))
    return mean(losses, features)


def zero_masked(features: Tensor, labels: Tensor) -> list[int]:
    """Arg-min of each row of a matrix whose entries are 0 where there is no positive; index 0 is replaced."""
    found = []
    for i in range(len(features)):
        row = [
            float(torch.cosine_similarity(features[i], features[j], dim=0))
            if j != i and labels[j] == labels[i]
            else 0.0
            for j in range(len(features))
        ]
        found.append(row.index(min(row)) or i)
    return found


def supcontrast(features: Tensor, labels: Tensor, *, temperature: float, base_temperature: float) -> Tensor:
    """The mean over all anchors, those without a positive as 0, times tau / base."""
    total = features.new_zeros(())
    for i, anchor in enumerate(features):
        others = [j for j in range(len(features)) if j != i]
        scores = {j: exponential(anchor, features[j], temperature) for j in others}
        alike = [torch.log(scores[j] / sum(scores.values())) for j in others if labels[j] == labels[i]]
        if alike:
            total = total - sum(alike) / len(alike)
    return temperature / base_temperature * total / len(features)


def sce(query: Tensor, key: Tensor, queue: Tensor | None, *, tau: float, tau_m: float, coefficient: float) -> Tensor:
    """The own key has the logit 0 in the target of every query."""
    losses = []
    for i in range(len(query)):
        candidates = list(key.detach()) if queue is None else [key[i].detach(), *queue.detach()]
        own = i if queue is None else 0
        weights = [exponential(key[i].detach(), row, tau_m) for row in candidates]
        weights[own] = torch.ones_like(weights[own])
        target = [(1 - coefficient) * weight / sum(weights) for weight in weights]
        target[own] = target[own] + coefficient
        scores = [exponential(query[i], row, tau) for row in candidates]
        losses.append(-sum(w * torch.log(score / sum(scores)) for w, score in zip(target, scores, strict=True)))
    return mean(losses, query)
