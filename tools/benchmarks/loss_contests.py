"""What losses.py compares: our losses beside plain PyTorch and other packages, forward and backward."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import torch

Step = Callable[[], object]


class Contest(NamedTuple):
    """Losses that are compared with each other.

    Attributes:
        steps: By name, from rows, channels, classes, device and type: forward and backward on inputs of their own.
        references: Names among them that the others are compared with; absent ones are left out.
    """

    steps: Callable[[int, argparse.Namespace], dict[str, Step]]
    references: tuple[str, ...]


def plain_supcon(features: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
    """SupCon as one writes it down."""
    rows = torch.nn.functional.normalize(features)
    logits = rows @ rows.T / temperature
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    positive = (labels[:, None] == labels) & ~itself
    log_probability = logits - logits.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
    number = positive.sum(dim=1)
    return (-(log_probability * positive).sum(dim=1) / number.clamp(min=1))[number > 0].mean()


def supervised(rows: int, args: argparse.Namespace) -> dict[str, Step]:
    """Supervised contrastive losses of as many rows."""
    from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss

    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(3, rows, args.channels, generator=generator).to(args.device, getattr(torch, args.dtype))
    features, positives, negatives = (each.clone().requires_grad_() for each in inputs)
    labels = torch.randint(args.classes, (rows,), generator=generator).to(args.device)

    def step(loss: Callable[..., torch.Tensor], *extras: torch.Tensor) -> Step:
        return lambda: torch.autograd.grad(loss(features, labels, *extras), (features, *extras))

    steps = {
        'plain SupCon': step(lambda *given: plain_supcon(*given, 0.07)),
        'SupConLoss': step(SupConLoss(0.07)),
        'FocalSupConLoss': step(FocalSupConLoss(0.07)),
        'SCHaNeLoss': step(SCHaNeLoss(0.07)),
        'SupConLoss, extras': step(SupConLoss(0.07), positives, negatives),
        'FocalSupConLoss, extras': step(FocalSupConLoss(0.07), positives, negatives),
    }
    try:
        from pytorch_metric_learning.losses import SupConLoss as PeerLoss
    except ImportError:
        return steps
    return {'pytorch-metric-learning': step(PeerLoss(temperature=0.07)), **steps}


def plain_sce(query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor) -> torch.Tensor:
    """SCE as one writes it down, on unit rows of a queue."""
    key, query = (torch.nn.functional.normalize(each) for each in (key, query))
    target = 0.5 * torch.nn.functional.pad((key @ queue.T / 0.05).softmax(dim=1), (1, 0))
    target[:, 0] += 0.5
    logits = torch.cat([(query * key).sum(dim=1, keepdim=True), query @ queue.T], dim=1) / 0.1
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


def with_queue(rows: int, args: argparse.Namespace) -> dict[str, Step]:
    """Pre-training losses of as many queries against a queue, and SCE of six views, ten pairs, of an eighth of them."""
    from cft.models.losses import InfoNCELoss, ReSSLLoss, SCELoss
    from cft.models.selfsup import FeatureQueue, view_pairs
    from cft.models.selfsup.pair_losses import PairLosses

    generator = torch.Generator().manual_seed(0)
    dtype = getattr(torch, args.dtype)
    queue = FeatureQueue(args.queue, args.channels).to(args.device).features
    views = torch.randn(8, rows, args.channels, generator=generator).to(args.device, dtype)
    query, key = views[0].clone().requires_grad_(), views[1]
    crops = views[:6, : max(rows // 8, 1)].clone().requires_grad_()
    keys, pairs = {1: views[6, : crops.shape[1]], 0: views[7, : crops.shape[1]]}, view_pairs(6, symmetric=True)

    def step(loss: torch.nn.Module) -> Step:
        return lambda: torch.autograd.grad(PairLosses(loss, {1: key}, queue)({0: query}, [(0, 1)]).mean(), query)

    def plain_ten() -> object:
        losses = [plain_sce(crops[query], keys[key], queue) for query, key in pairs]
        return torch.autograd.grad(torch.stack(losses).mean(), crops)

    return {
        'plain SCE': lambda: torch.autograd.grad(plain_sce(query, key, queue), query),
        'InfoNCELoss': step(InfoNCELoss()),
        'ReSSLLoss': step(ReSSLLoss()),
        'SCELoss': step(SCELoss()),
        'plain SCE, ten pairs': plain_ten,
        'SCELoss, ten pairs': lambda: torch.autograd.grad(
            PairLosses(SCELoss(), keys, queue)(dict(enumerate(crops)), pairs).mean(), crops
        ),
    }


def plain_clusters(
    views: torch.Tensor, labels: torch.Tensor, prototypes: list[torch.Tensor], temperature: float
) -> torch.Tensor:
    """DeepCluster-v2's as one writes it down: a product for each head and view, on the images that have a cluster."""
    losses = []
    for own in labels:
        for rows in views:
            for head, centroids in enumerate(prototypes):
                known = own[head] >= 0
                logits = torch.nn.functional.normalize(rows[known]) @ centroids.T / temperature
                losses.append(torch.nn.functional.cross_entropy(logits, own[head][known]))
    return torch.stack(losses).mean()


def with_prototypes(rows: int, args: argparse.Namespace) -> dict[str, Step]:
    """Eight views of as many images against three heads of 3,000 prototypes, for one and (cut-mixed) two clusters."""
    from cft.models.losses.prototype_heads import prototype_head_losses

    generator = torch.Generator().manual_seed(0)
    views = torch.randn(8, rows, args.channels, generator=generator).to(args.device, getattr(torch, args.dtype))
    views.requires_grad_()
    prototypes = [
        torch.nn.functional.normalize(torch.randn(3000, args.channels, generator=generator)).to(views) for _ in range(3)
    ]
    labels = torch.randint(-1, 3000, (2, 3, rows), generator=generator).to(args.device)

    def plain(questions: int) -> Step:
        return lambda: torch.autograd.grad(plain_clusters(views, labels[:questions], prototypes, 0.1), views)

    def ours(questions: int) -> Step:
        return lambda: torch.autograd.grad(prototype_head_losses(views, labels[:questions], *prototypes).mean(), views)

    return {
        'plain prototypes': plain(1),
        'prototype_head_losses': ours(1),
        'plain prototypes, two clusters': plain(2),
        'prototype_head_losses, two clusters': ours(2),
    }


CONTESTS = {
    'supervised': Contest(supervised, ('plain SupCon', 'pytorch-metric-learning')),
    'prototypes': Contest(with_prototypes, ('plain prototypes', 'plain prototypes, two clusters')),
    'queue': Contest(with_queue, ('plain SCE', 'plain SCE, ten pairs')),
}
