"""Checkpoints of small networks of other libraries, with random weights, and what those networks make of an image."""

from collections.abc import Callable
from pathlib import Path

import timm
import torch
import torchvision
from torch import Tensor, nn

# Of (N, 3, H, W) images: (N, C).
Features = Callable[[Tensor], Tensor]


def randomise(network: nn.Module, seed: int = 3) -> None:
    """Weights and statistics that no initialisation gives."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            noise = torch.rand(value.shape, generator=generator) * 0.2
            value.copy_(noise + 0.9 if value.dim() == 1 and 'bias' not in name else noise - 0.1)


def resnet18(path: Path, small_images: bool = False) -> Features:
    """MoCo's file of torchvision's ResNet-18; for small images with solo-learn's stem, 3x3 and no pooling."""
    network = torchvision.models.resnet18()
    network.fc = nn.Identity()
    if small_images:
        network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        network.maxpool = nn.Identity()
    randomise(network)
    network.eval()
    weights = {f'module.encoder_q.{name}': value for name, value in network.state_dict().items()}
    torch.save({'epoch': 1, 'state_dict': weights}, path)
    return network


def vit(path: Path, size: int = 32) -> Features:
    """A plain ViT-Ti/16, in timm's names; its class token."""
    network = timm.create_model('vit_tiny_patch16_224', img_size=size, num_classes=0)
    randomise(network)
    network.eval()
    torch.save({'model': network.state_dict()}, path)
    return network


def of_timm(path: Path, name: str) -> None:
    """A file with the names and shapes of a network of timm, one value in each tensor: of a few kilobytes."""
    with torch.device('meta'):
        shapes = {key: value.shape for key, value in timm.create_model(name, num_classes=0).state_dict().items()}
    torch.save({key: torch.tensor(0.01).expand(shape) for key, shape in shapes.items()}, path)
