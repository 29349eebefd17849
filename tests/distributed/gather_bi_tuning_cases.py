"""Cases of gather_worker.py: Bi-tuning on two ranks, and what ranks have in common."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from cft.engine.shared_seed import shared_seed
from cft.models.branches import BiTuningBranch, ClassQueue, PastAndPresentKeys
from cft.ops import gather_rows
from tests.distributed.gather_parts import SIZES, own_rows

LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 2, 0, 3, 1])
close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-12)


class Model(nn.Module):
    """A linear network of queries, and a fixed one of keys, that trains by the branch."""

    def __init__(self, gather: bool) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.encoder, self.classifier = nn.Linear(6, 5), nn.Linear(5, 4)
        projector = {'type': 'cft.MLPProjector', 'in_channels': 5, 'out_channels': 3, 'num_layers': 1}
        self.branch = BiTuningBranch(projector, temperature=0.2, gather=gather)
        self.queue = ClassQueue(num_classes=4, keys_per_class=3, channels=8)
        self.double()

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        keys = 0.5 * inputs[:, [0, 1, 2, 3, 4, 5, 0, 1]]
        features, projections = self.queue.keys.split([5, 3], dim=1)
        given = PastAndPresentKeys(keys[:, 5:], features, projections, self.queue.labels)
        loss, _ = self.branch(self.encoder(inputs), labels, 4, keys=given, classifier=self.classifier)
        self.queue.enqueue(keys, labels)
        return loss


def check_branch(sizes: tuple[int, int]) -> None:
    """Three batches: value and gradients averaged over ranks, and the queue, are those of one process."""
    own = own_rows(sizes)
    parallel, alone = DistributedDataParallel(Model(gather=True), broadcast_buffers=False), Model(gather=False)
    # The oracle takes no part in the gathering.
    alone.queue.enqueue = partial(_enqueue_alone, alone.queue)
    for step in range(3):
        inputs = torch.randn(10, 6, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
        parallel.zero_grad(), alone.zero_grad()
        expected = alone(inputs, LABELS)
        expected.backward()
        value = parallel(inputs[own], LABELS[own])
        value.backward()
        average = value.detach().clone()
        dist.all_reduce(average)
        close(average / dist.get_world_size(), expected.detach())
        for parameter, other in zip(parallel.module.parameters(), alone.parameters(), strict=True):
            close(parameter.grad, other.grad)
        assert torch.equal(parallel.module.queue.features, alone.queue.features)
        assert torch.equal(parallel.module.queue.seen, alone.queue.seen)
    assert alone.encoder.weight.grad.abs().max() > 1e-3, 'the comparison of gradients is empty'


def _enqueue_alone(queue: ClassQueue, keys: Tensor, labels: Tensor) -> None:
    """One key after the other."""
    for key, label in zip(keys.detach().float(), labels.tolist(), strict=True):
        queue.features[label, queue.seen[label] % queue.keys_per_class] = key.to(queue.features)
        queue.seen[label] += 1


def check_seed() -> None:
    """Ranks of different seeds have that of the first."""
    own = torch.tensor([shared_seed(SimpleNamespace(seed=5 + dist.get_rank()), *numbers) for numbers in ((1,), (2, 3))])
    seeds = gather_rows(own[None])
    assert torch.equal(seeds[0], seeds[1]) and seeds[0, 0] != seeds[0, 1]
    first = torch.tensor(shared_seed(SimpleNamespace(seed=5), 1))
    assert seeds[0, 0] == first


CASES: dict[str, Callable[[], None]] = {'seed of all ranks': check_seed}
CASES |= {f'bi-tuning: {size}': partial(check_branch, SIZES[size]) for size in SIZES}
