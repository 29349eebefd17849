"""Elements of several images and classes to draw from."""

import torch
from torch import Tensor

IMAGES, CLASSES = 4, 5


def crowd(seed: int, number: int = 200) -> tuple[Tensor, Tensor, Tensor]:
    """Labels of very different frequency, images and hard elements, in no order."""
    generator = torch.Generator().manual_seed(seed)
    frequencies = torch.tensor([60.0, 20, 5, 2, 1])
    labels = torch.multinomial(frequencies, number, replacement=True, generator=generator)
    images = torch.randint(0, IMAGES, (number,), generator=generator)
    return labels, images, torch.rand(number, generator=generator) < 0.3
