"""A DeepClusterV2 of one convolution, its batches, and what it should compute in plain loops."""

import math

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.models.selfsup import DeepClusterV2


class Backbone(nn.Module):
    """Any image size to 5 channels; counts the rows of each forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 5, 3)
        self.norm = nn.BatchNorm2d(5)
        self.rows: list[int] = []

    def forward(self, images: Tensor) -> tuple[Tensor]:
        self.rows.append(len(images))
        return (self.norm(self.layer(images)),)


class Neck(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Linear(5, channels)

    def forward(self, features: tuple[Tensor]) -> tuple[Tensor]:
        return (self.layer(features[0].mean(dim=(2, 3))),)


def build(channels: int = 4, **settings: object) -> DeepClusterV2:
    settings = {'num_prototypes': (3, 2), 'feat_channels': 4, **settings}
    return DeepClusterV2(Backbone(), Neck(channels), **settings)


def samples(*indices: int) -> list[DataSample]:
    return [DataSample(metainfo={'sample_idx': index}) for index in indices]


def set_clusters(model: DeepClusterV2, num_samples: int, missing: tuple[int, ...] = ()) -> None:
    """Random prototypes, and clusters of all samples but the missing ones."""
    for prototypes in model.prototypes:
        prototypes.copy_(nn.functional.normalize(torch.randn(prototypes.shape)))
    model.assignments.resize_(len(model.num_prototypes), num_samples)
    for row, count in zip(model.assignments, model.num_prototypes, strict=True):
        row.copy_(torch.randint(count, (num_samples,)))
        row[list(missing)] = -1


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in row))
    return [x / length for x in row]


def dot(first: list[float], second: list[float]) -> float:
    return sum(x * y for x, y in zip(first, second, strict=True))


def expected_loss(model: DeepClusterV2, embeddings: list[Tensor], indices: list[int], temperature: float) -> float:
    """Mean over views, heads and samples with a cluster of the cross-entropy over prototypes."""
    views = []
    for view in embeddings:
        heads = []
        for head in range(len(model.num_prototypes)):
            prototypes = getattr(model, f'prototypes_{head}').tolist()
            terms = []
            for row, index in zip(view.tolist(), indices, strict=True):
                label = int(model.assignments[head, index])
                if label >= 0:
                    scores = [dot(unit(row), unit(prototype)) / temperature for prototype in prototypes]
                    terms.append(math.log(sum(map(math.exp, scores))) - scores[label])
            heads.append(sum(terms) / max(len(terms), 1))
        views.append(sum(heads) / len(heads))
    return sum(views) / len(views)
