"""Small backbones with the names of the usual ones, and files of random weights for them."""

from pathlib import Path

import torch
from mmpretrain.models import ResNet, VisionTransformer
from torch import Tensor, nn

from cft.checkpoints import LoadReport, load_ssl_backbone


def resnet(depth: int = 18, width: int = 2, **options: object) -> ResNet:
    """A narrow network with the names of the usual one."""
    return ResNet(depth=depth, stem_channels=width, base_channels=width, **options)


def vit(layers: int = 2, width: int = 8) -> VisionTransformer:
    arch = {'embed_dims': width, 'num_layers': layers, 'num_heads': 2, 'feedforward_channels': 16}
    return VisionTransformer(arch=arch, img_size=8, patch_size=4)


def random_weights(module: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """A state dict of normal numbers, so that no tensor is what any initialisation gives."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(value.shape, generator=generator) if value.is_floating_point() else torch.full_like(value, 9)
        for name, value in module.state_dict().items()
    }


def prefixed(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: value for name, value in weights.items()}


def assert_holds(module: nn.Module, weights: dict[str, Tensor]) -> None:
    state = module.state_dict()
    assert list(state) == list(weights)
    for name, value in weights.items():
        assert torch.equal(state[name], value), name


def load(tmp_path: Path, content: dict[str, Tensor], backbone: nn.Module) -> LoadReport:
    torch.save({'epoch': 1, 'state_dict': content}, tmp_path / 'file.pth')
    return load_ssl_backbone(backbone, tmp_path / 'file.pth')
