"""A small network that is trained on real images within a second, the same wherever it is."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

TRAIN, TEST = 700, 200


def trained_network() -> tuple[nn.Module, Tensor, Tensor]:
    """A convolutional network of [0, 1] images in float64, with dropout and BatchNorm, in eval mode; test images.

    Returns:
        The network, (200, 1, 8, 8) images in [0, 1] and their labels.
    """
    images, labels = load_digits(return_X_y=True)
    images = torch.from_numpy(images / 16).view(-1, 1, 8, 8)[: TRAIN + TEST]
    labels = torch.from_numpy(labels)[: TRAIN + TEST]
    generator = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.0), nn.Flatten(),
        nn.Linear(128, 10),
    ).double()  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.from_numpy(generator.normal(0, 0.1, tuple(parameter.shape))))
            elif parameter is not model[1].weight:
                parameter.zero_()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[:TRAIN]), labels[:TRAIN]).backward()
        optimizer.step()
    model[4].p = 0.5
    return model.eval().requires_grad_(False), images[TRAIN:], labels[TRAIN:]
