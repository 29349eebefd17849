"""Label maps, and features and logits that belong to them."""

import torch
from torch import Tensor, nn

IGNORED = 255


def feature_map(labels: Tensor, width: int = 4) -> Tensor:
    """Features that tell where they are from: image, row and column, then noise."""
    b, h, w = labels.shape
    grid = torch.meshgrid(torch.arange(b), torch.arange(h), torch.arange(w), indexing='ij')
    noise = torch.rand(b, width - 3, h, w)
    return torch.cat([torch.stack(grid, dim=1).float(), noise], dim=1)


def right_logits(labels: Tensor, classes: int = 3) -> Tensor:
    """A classifier that is always right; what it says of ignored pixels does not matter."""
    return nn.functional.one_hot(labels.clamp(max=classes - 1), classes).permute(0, 3, 1, 2).float()


def random_labels(size: int, images: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(size)
    return torch.tensor([0, 0, 0, 1, 2, IGNORED])[torch.randint(0, 6, (images, size, size), generator=generator)]
