"""A small classifier with regularisers, and what a run would give it."""

import torch
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.models.regularizers import SourceWeights
from cft.registry import MODELS

CLASSES = 3


def classifier(*regularizers: dict, depth: int = 18, **backbone: object) -> nn.Module:
    """A ResNet of three stages with 4, 8 and 16 channels (times 4 for Bottlenecks); equal settings, equal weights."""
    torch.manual_seed(5)
    settings = dict(
        type='ResNet_CIFAR', depth=depth, num_stages=3, out_indices=(2,), strides=(1, 2, 2), dilations=(1, 1, 1),
        stem_channels=4, base_channels=4,
    )  # fmt: skip
    width = 16 * (4 if depth >= 50 else 1)
    model = MODELS.build(
        dict(
            type='cft.FineTuneClassifier',
            backbone=settings | backbone,
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='cft.ContrastiveClsHead', num_classes=CLASSES, in_channels=width),
            regularizers=list(regularizers),
        )
    )
    model.init_weights()
    return model.train()


def begin(model: nn.Module, examples: object = None) -> SourceWeights:
    """What the hook does before the first step."""
    source = SourceWeights.of(model)
    model.regularizers.begin(model, source, examples)
    return source


def batch(number: int = 6, size: int = 16) -> tuple[Tensor, list[DataSample]]:
    """Noise images of the classes in turn."""
    images = torch.randn(number, 3, size, size, generator=torch.Generator().manual_seed(number))
    return images, [DataSample().set_gt_label(index % CLASSES) for index in range(number)]


def move(model: nn.Module, scale: float = 0.01) -> None:
    """Change every parameter, as training would."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(scale * torch.randn(parameter.shape, generator=generator))
