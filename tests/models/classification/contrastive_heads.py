"""A small float64 head, and its losses with a fixed seed."""

import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.models.classification import ContrastiveClsHead
from tests.support.comparison import random_rows

LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 2])

PROJECTOR = {'type': 'cft.MLPProjector', 'in_channels': 5, 'out_channels': 4}


def build(pairs: str | None = None, *, branch: bool = True, **options: object) -> ContrastiveClsHead:
    """A float64 head of 5 features and 3 classes, always with the same parameters."""
    torch.manual_seed(3)
    contrastive = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}, 'projector': PROJECTOR}
    if pairs:
        contrastive['pairs'] = {'type': f'cft.{pairs}'}
    return ContrastiveClsHead(3, 5, contrastive=contrastive if branch else None, **options).double()


def samples(labels: Tensor = LABELS) -> list[DataSample]:
    return [DataSample().set_gt_label(int(label)) for label in labels]


def run(head: ContrastiveClsHead, features: Tensor | None = None, labels: Tensor = LABELS) -> dict[str, Tensor]:
    """Losses with a fixed seed, so that the pairs can be drawn again."""
    features = random_rows(len(labels)) if features is None else features
    torch.manual_seed(5)
    return head.loss((torch.zeros(1), features), samples(labels))
