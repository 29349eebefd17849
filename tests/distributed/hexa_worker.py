"""Started by test_hexa_in_two_processes.py on two ranks: synchronised statistics, one reduction of the gradients."""

import functools
import sys
from collections.abc import Callable
from unittest import mock

import torch
import torch.distributed as dist
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel

from cft.models.pairs import CutMixed, cutmix
from cft.models.selfsup import HEXADCluster, hard_examples
from tests.support.two_ranks import run_cases

ROWS = 8


class Backbone(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Conv2d(3, 5, 3), nn.SyncBatchNorm(5)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.norm(self.layer(images)).tanh(),)


class Neck(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.layer = nn.SyncBatchNorm(5), nn.Linear(5, 4)

    def forward(self, features: tuple[Tensor]) -> tuple[Tensor]:
        return (self.layer(self.norm(features[0].mean(dim=(2, 3)))),)


class Preprocessor(nn.Module):
    mean, std = torch.tensor(100.0), torch.tensor(50.0)


def synchronised(layer: nn.SyncBatchNorm, features: Tensor) -> Tensor:
    """SyncBN over gloo, which torch's own refuses: the mean and variance of all ranks' values, differentiably."""
    axes = [axis for axis in range(features.dim()) if axis != 1]
    shape = [-1 if axis == 1 else 1 for axis in range(features.dim())]
    count = all_reduce(torch.tensor(features.numel() / features.shape[1], dtype=features.dtype))
    mean = all_reduce(features.sum(dim=axes)) / count
    centred = features - mean.view(shape)
    variance = all_reduce(centred.square().sum(dim=axes)) / count
    with torch.no_grad():
        layer.num_batches_tracked += 1
        layer.running_mean.lerp_(mean, layer.momentum)
        layer.running_var.lerp_(variance * count / (count - 1), layer.momentum)
    scaled = centred / (variance + layer.eps).sqrt().view(shape)
    return scaled * layer.weight.view(shape) + layer.bias.view(shape)


def cutmix_with_neighbours(images: Tensor, alpha: float, beta: float, partner: Tensor | None = None) -> CutMixed:
    """The partner is on the same rank; the box follows from the seed, on however many rows."""
    return cutmix(images, alpha, beta, torch.arange(len(images)) ^ 1 if partner is None else partner)


def build(weights: dict[str, float]) -> HEXADCluster:
    """The same weights and clusters whenever it is called."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = HEXADCluster(
            Backbone(), Neck(), num_prototypes=(3, 2), feat_channels=4,
            hard_examples={'type': 'cft.HardExamples', **weights},
        )  # fmt: skip
    model.data_preprocessor = Preprocessor()
    for prototypes in model.prototypes:
        prototypes.copy_(torch.randn(prototypes.shape))
    model.assignments.resize_(2, ROWS).copy_(torch.randint(2, (2, ROWS)))
    return model.double().train()


def crops(step: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(step)
    pixels = [torch.randint(0, 256, (ROWS, 3, size, size), generator=generator).double() for size in (7, 7, 5)]
    return [(images - 100) / 50 for images in pixels]


def train(model: nn.Module, rows: slice) -> list[dict[str, Tensor]]:
    """Two steps; the losses of each."""
    optimizer, history = torch.optim.SGD(model.parameters(), lr=0.1), []
    for step in range(2):
        torch.manual_seed(step)
        samples = [DataSample(metainfo={'sample_idx': index}) for index in range(ROWS)[rows]]
        with mock.patch.object(hard_examples, 'cutmix', cutmix_with_neighbours):
            losses = model([view[rows] for view in crops(step)], samples, mode='loss')
        history.append({name: loss.detach() for name, loss in losses.items()})
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
    return history


def check_as_one_process(weights: dict[str, float], expected_losses: list[dict[str, Tensor]], expected: dict) -> None:
    """Losses, weights and both sides' running statistics of the joined batch; the gradients are reduced once a step."""
    parallel = DistributedDataParallel(build(weights), broadcast_buffers=False)
    reductions: list[int] = []

    def count(state: None, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        reductions.append(len(bucket.parameters()))
        work = dist.all_reduce(bucket.buffer().div_(2), async_op=True)
        return work.get_future().then(lambda done: done.value()[0])

    parallel.register_comm_hook(None, count)
    history = train(parallel, slice(dist.get_rank() * ROWS // 2, (dist.get_rank() + 1) * ROWS // 2))
    # More than one bucket as far as DDP makes them, but each parameter once in a step.
    assert sum(reductions) == 2 * len(list(parallel.parameters()))
    for losses, alone in zip(history, expected_losses, strict=True):
        assert losses.keys() == alone.keys() and len(losses) == 1 + len(weights)
        for name, value in losses.items():
            dist.all_reduce(value)
            torch.testing.assert_close(value / 2, alone[name], rtol=1e-9, atol=1e-12)
    found = parallel.module.state_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-8, atol=1e-10)
    norm = parallel.module.backbone.norm
    assert not torch.allclose(norm.running_mean, norm.auxiliary.running_mean)


def compared_with_one_process(weights: dict[str, float]) -> Callable[[], None]:
    """The case, whose one process trains on all images before there is a process group."""
    alone = build(weights)
    losses = train(alone, slice(None))
    return functools.partial(check_as_one_process, weights, losses, alone.state_dict())


ADVERSARIAL = {'adversarial_weight': 0.7}
ALL_TERMS = {**ADVERSARIAL, 'cutmix_weight': 0.5, 'adversarial_cutmix_weight': 0.3}
CASES = {
    'adversarial': compared_with_one_process(ADVERSARIAL),
    'all terms joined': compared_with_one_process(ALL_TERMS),
}


if __name__ == '__main__':
    nn.SyncBatchNorm.forward = synchronised
    sys.exit(run_cases(CASES))
