"""Slow float64 references of the losses: loops over anchors and candidates, written from the equations.

Exponentials are summed as printed, without log-sum-exp: float64 holds them for
cosines at every temperature in use. All functions carry autograd.
"""

import torch
from torch import Tensor


def exponential(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """exp(s) of two rows; a zero row has no direction and similarity 0."""
    length = first.norm() * second.norm()
    cosine = torch.dot(first, second) / length if length > 0 else length
    return torch.exp(cosine / temperature)


def exists(extra: Tensor | None, mask: Tensor | None, row: int) -> bool:
    """Whether an anchor has a generated sample."""
    return extra is not None and (mask is None or bool(mask[row]))


def mean(losses: list[Tensor], like: Tensor) -> Tensor:
    """Mean of the anchors that count, 0 for none."""
    return sum(losses) / len(losses) if losses else like.new_zeros(())


def supcon(
    features: Tensor,
    labels: Tensor,
    extra_positives: Tensor | None = None,
    extra_negatives: Tensor | None = None,
    positive_mask: Tensor | None = None,
    negative_mask: Tensor | None = None,
    *,
    temperature: float = 0.07,
    focal: bool = False,
    only_extra_positives: bool = False,
    same_class_candidates: bool = False,
) -> Tensor:
    """SupCon (COIN, equation 1) and, with ``focal``, Core-tuning's weighting of each positive by 1 - p."""
    losses = []
    for i in range(len(features)):
        positives, others = [], []
        for j in range(len(features)):
            if j == i:
                continue
            if labels[j] != labels[i] or same_class_candidates:
                others.append(exponential(features[i], features[j], temperature))
            elif not only_extra_positives:
                positives.append(exponential(features[i], features[j], temperature))
        if exists(extra_positives, positive_mask, i):
            positives.append(exponential(features[i], extra_positives[i], temperature))
        if exists(extra_negatives, negative_mask, i):
            others.append(exponential(features[i], extra_negatives[i], temperature))
        if not positives:
            continue
        probabilities = [positive / (sum(positives) + sum(others)) for positive in positives]
        terms = [(1 - p) * torch.log(p) if focal else torch.log(p) for p in probabilities]
        losses.append(-sum(terms) / len(positives))
    return mean(losses, features)


def schane(
    features: Tensor,
    labels: Tensor,
    *,
    temperature: float = 0.5,
    detach_weights: bool = False,
    mean_inside_log: bool = True,
) -> Tensor:
    """SCHaNe, equations 1, 3 and 4, with 1/|P| averaging the positives, or outside of the logarithm."""
    losses = []
    for i in range(len(features)):
        positives, negatives = [], []
        for j in range(len(features)):
            if j != i:
                members = positives if labels[j] == labels[i] else negatives
                members.append(exponential(features[i], features[j], temperature))
        if not positives:
            continue
        weighted = []
        for negative in negatives:
            beta = len(negatives) * negative / sum(negatives)
            weighted.append((beta.detach() if detach_weights else beta) * negative)
        ratio = sum(positives) / (sum(positives) + sum(weighted))
        inside = -torch.log(ratio / len(positives))
        losses.append(inside if mean_inside_log else -torch.log(ratio) / len(positives))
    return mean(losses, features)


def squared_distance(first: Tensor, second: Tensor) -> Tensor:
    """Of two rows scaled to length 1; a zero row lies at 2 from every other one."""
    length = first.norm() * second.norm()
    return 2 - 2 * (torch.dot(first, second) / length if length > 0 else length)


def triplet(features: Tensor, labels: Tensor, *, margin: float = 0.2, mining: str = 'all') -> Tensor:
    """Hinge of each triplet, one after the other: their mean of an anchor, or that of its hardest pair."""
    losses = []
    for i in range(len(features)):
        others = [j for j in range(len(features)) if j != i]
        near = [squared_distance(features[i], features[j]) for j in others if labels[j] == labels[i]]
        far = [squared_distance(features[i], features[j]) for j in others if labels[j] != labels[i]]
        if mining == 'hard' and near and far:
            near, far = [max(near)], [min(far)]
        hinges = [(positive - negative + margin).clamp(min=0) for positive in near for negative in far]
        if hinges:
            losses.append(sum(hinges) / len(hinges))
    return mean(losses, features)


def candidates_of(i: int, key: Tensor, queue: Tensor | None) -> tuple[list[Tensor], int]:
    """Candidates of query i without gradient, and the position of its own key among them."""
    if queue is None:
        return [row.detach() for row in key], i
    return [key[i].detach(), *(row.detach() for row in queue)], 0


def online(row: Tensor, candidates: list[Tensor], temperature: float) -> list[Tensor]:
    """Exponentials of one row with each candidate."""
    return [exponential(row, candidate, temperature) for candidate in candidates]


def info_nce(query: Tensor, key: Tensor, queue: Tensor | None = None, *, temperature: float = 0.2) -> Tensor:
    """InfoNCE (MoCo)."""
    losses = []
    for i in range(len(query)):
        candidates, own = candidates_of(i, key, queue)
        scores = online(query[i], candidates, temperature)
        losses.append(-torch.log(scores[own] / sum(scores)))
    return mean(losses, query)


def relations(i: int, key: Tensor, queue: Tensor | None, temperature: float) -> list[Tensor]:
    """Target s2 of SCE's equation 3: softmax over the other candidates, 0 at the own key."""
    candidates, own = candidates_of(i, key, queue)
    scores = online(key[i].detach(), candidates, temperature)
    scores[own] = torch.zeros_like(scores[own])
    return [score / sum(scores) if score > 0 else score for score in scores]


def ressl(
    query: Tensor,
    key: Tensor,
    queue: Tensor | None = None,
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.05,
) -> Tensor:
    """ReSSL (SCE, equations 2 to 4): the own key is left out on both sides."""
    losses = []
    for i in range(len(query)):
        candidates, own = candidates_of(i, key, queue)
        target = relations(i, key, queue, target_temperature)
        scores = online(query[i], candidates, temperature)
        others = [k for k in range(len(candidates)) if k != own]
        total = sum(scores[k] for k in others)
        losses.append(-sum(target[k] * torch.log(scores[k] / total) for k in others))
    return mean(losses, query)


def sce(
    query: Tensor,
    key: Tensor,
    queue: Tensor | None = None,
    *,
    temperature: float = 0.1,
    target_temperature: float = 0.05,
    coefficient: float = 0.5,
) -> Tensor:
    """SCE, equations 6 to 8."""
    losses = []
    for i in range(len(query)):
        candidates, own = candidates_of(i, key, queue)
        target = [(1 - coefficient) * s for s in relations(i, key, queue, target_temperature)]
        target[own] = target[own] + coefficient
        scores = online(query[i], candidates, temperature)
        losses.append(-sum(w * torch.log(score / sum(scores)) for w, score in zip(target, scores, strict=True)))
    return mean(losses, query)


def against_queue(anchor: Tensor, own: Tensor, label: Tensor, queue: Tensor, labels: Tensor, tau: float) -> Tensor:
    """One anchor of Bi-tuning: its own candidate and every key of its class are positive."""
    positives, others = [exponential(anchor, own, tau)], []
    for key, other in zip(queue, labels, strict=True):
        if other >= 0:
            (positives if other == label else others).append(exponential(anchor, key, tau))
    total = sum(positives) + sum(others)
    return -sum(torch.log(positive / total) for positive in positives) / len(positives)


def categorical_contrastive(
    query: Tensor, key: Tensor, labels: Tensor, queue: Tensor, queue_labels: Tensor, *, temperature: float = 0.07
) -> Tensor:
    """Bi-tuning's loss of the projector."""
    rows = zip(query, key.detach(), labels, strict=True)
    return mean([against_queue(*row, queue.detach(), queue_labels, temperature) for row in rows], query)


def contrastive_cross_entropy(
    features: Tensor, labels: Tensor, weights: Tensor, queue: Tensor, queue_labels: Tensor, *, temperature: float = 0.07
) -> Tensor:
    """Bi-tuning's loss of the classifier: the weight of the label is the anchor."""
    rows = [(weights[label], row, label) for row, label in zip(features, labels, strict=True)]
    return mean([against_queue(*row, queue.detach(), queue_labels, temperature) for row in rows], features)
