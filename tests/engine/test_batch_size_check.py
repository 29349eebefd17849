"""No batch, or one image for a BatchNorm behind a pooling: told before the first step, in words of the loader."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import DataLoader

from cft.engine.hooks import BatchSizeCheckHook
from cft.errors import ConfigError


class Pooled(BaseModel):
    """Global pooling, then BatchNorm, as DeepLab's image pooling or a projector."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, inputs: torch.Tensor, mode: str) -> dict:
        assert mode == 'loss' and self.training
        return {'loss': self.norm(inputs.mean((2, 3))).sum()}


def runner(images: int, norm: nn.Module, infinite: bool = False, **loader: object) -> SimpleNamespace:
    data = [torch.randn(3, 4, 4) for _ in range(images)]
    kind = InfiniteSampler if infinite else DefaultSampler

    def inputs(samples: list) -> dict:
        return {'inputs': torch.stack(samples)}

    return SimpleNamespace(
        model=Pooled(norm), train_dataloader=DataLoader(data, sampler=kind(data), collate_fn=inputs, **loader)
    )


@pytest.mark.parametrize(
    ('images', 'loader', 'told'),
    [
        (9, dict(batch_size=4), r'the last batch of one image \(9 images in batches of 4\) .*drop_last=True'),
        (9, dict(batch_size=1), r'train_dataloader.batch_size=1 leaves a BatchNorm'),
        (9, dict(batch_size=1, infinite=True), r'train_dataloader.batch_size=1 leaves a BatchNorm'),
        (3, dict(batch_size=4, drop_last=True), r'3 images make no batch of 4 .*drop_last=False'),
    ],
)
def test_told(images: int, loader: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        BatchSizeCheckHook().before_train(runner(images, nn.BatchNorm1d(3), **loader))


@pytest.mark.parametrize(
    ('images', 'loader'),
    [
        (8, dict(batch_size=4)),
        (9, dict(batch_size=4, drop_last=True)),
        (10, dict(batch_size=4)),
        (9, dict(batch_size=4, infinite=True)),
        (1, dict(batch_size=4, infinite=True)),
    ],
)
def test_no_batch_of_one(images: int, loader: dict) -> None:
    BatchSizeCheckHook().before_train(runner(images, nn.BatchNorm1d(3), **loader))


def test_the_trial_leaves_no_trace() -> None:
    """A layer that takes one image: neither its statistics nor the generators know of the trial."""

    class Noisy(nn.BatchNorm1d):
        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return super().forward(torch.cat([features, torch.randn_like(features)]))

    tried = runner(9, Noisy(3), batch_size=4)
    torch.manual_seed(5)
    BatchSizeCheckHook().before_train(tried)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))
    assert int(tried.model.norm.num_batches_tracked) == 0
