"""Started by test_deep_cluster_in_two_processes.py on two ranks: clusters, features of an unfinished epoch, runs."""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from cft.models.selfsup import DeepClusterV2, FeatureMemory
from cft.ops import spherical_kmeans
from tests.support.two_ranks import run_cases

# The order in which one process would see the samples; two are repeated, as padding does it, three are missing.
ORDER = [9, 4, 0, 7, 2, 11, 5, 1, 12, 8, 3, 9, 4, 5]
NUM_SAMPLES = 15


def samples(indices: list[int]) -> list[DataSample]:
    return [DataSample(metainfo={'sample_idx': index}) for index in indices]


def model() -> DeepClusterV2:
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return DeepClusterV2(nn.Identity(), nn.Identity(), num_prototypes=(4, 3, 4), feat_channels=5)


def collect(rank: int, ranks: int, batch_size: int) -> DeepClusterV2:
    """The share of a rank of the joined order, as DefaultSampler deals it out."""
    rows = torch.randn(2, len(ORDER), 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    result = model()
    for start in range(0, len(ORDER[rank::ranks]), batch_size):
        part = slice(start, start + batch_size)
        result.collect(samples(ORDER[rank::ranks][part]), list(rows[:, rank::ranks][:, part]))
    return result


def cluster(result: DeepClusterV2, seed: int) -> DeepClusterV2:
    result.update_prototypes(NUM_SAMPLES, torch.Generator().manual_seed(seed), iterations=20)
    return result


def assert_equal_on_ranks(value: Tensor) -> None:
    parts = [torch.empty_like(value) for _ in range(2)]
    dist.all_gather(parts, value.contiguous())
    assert torch.equal(*parts)


def check_clusters(batch_size: int) -> None:
    """At rest and equal on both ranks; each sample counts once, and those never seen have no label."""
    result = cluster(collect(dist.get_rank(), 2, batch_size), seed=dist.get_rank())
    for buffer in result.buffers():
        assert_equal_on_ranks(buffer)
    assert len(result.memory) == 0
    joined = EXPECTED_MEMORY
    last = {index: place for place, index in enumerate(joined['indices'].tolist())}
    for head, (prototypes, labels) in enumerate(zip(result.prototypes, result.assignments, strict=True)):
        rows = joined['features'][head % 2]
        assert [index for index in range(NUM_SAMPLES) if labels[index] >= 0] == sorted(last)
        for cluster_index, prototype in enumerate(prototypes):
            members = [rows[place] for index, place in last.items() if labels[index] == cluster_index]
            direction = nn.functional.normalize(torch.stack(members).sum(0), dim=0)
            torch.testing.assert_close(prototype, direction, rtol=0, atol=1e-5)
        for index, place in last.items():
            cosines = prototypes @ rows[place]
            assert cosines[labels[index]] > cosines.max() - 1e-5


def one_process() -> list[tuple[Tensor, Tensor]]:
    """Prototypes and labels of each head from the rows that count, rank 0's first, in one call of k-means."""
    indices, generator = EXPECTED_MEMORY['indices'].tolist(), torch.Generator().manual_seed(0)
    places = [p for rank in range(2) for p in range(rank, len(ORDER), 2) if indices[p] not in indices[p + 1 :]]
    heads = []
    for head, count in enumerate((4, 3, 4)):
        rows = EXPECTED_MEMORY['features'][head % 2][places]
        prototypes, clusters = spherical_kmeans(rows, count, 20, generator=generator)
        labels = torch.full((NUM_SAMPLES,), -1)
        for place, label in zip(places, clusters.tolist(), strict=True):
            labels[indices[place]] = label
        heads.append((prototypes, labels))
    return heads


def check_one_process(batch_size: int) -> None:
    """Rank 0's generator decides, whatever that of the other rank."""
    result = cluster(collect(dist.get_rank(), 2, batch_size), seed=dist.get_rank())
    for head, (prototypes, labels) in enumerate(EXPECTED_HEADS):
        torch.testing.assert_close(result.prototypes[head], prototypes, rtol=0, atol=1e-6)
        assert torch.equal(result.assignments[head], labels)


def check_every_sample_a_cluster() -> None:
    """With as many prototypes as samples there is but one result."""
    result = collect(dist.get_rank(), 2, 3)
    whole = len(set(ORDER))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        own = DeepClusterV2(nn.Identity(), nn.Identity(), num_prototypes=(whole,), feat_channels=5)
    own.memory = result.memory
    own.update_prototypes(NUM_SAMPLES, torch.Generator().manual_seed(0))
    for index, label in enumerate(own.assignments[0].tolist()):
        assert (label >= 0) == (index in ORDER)
        if label >= 0:
            place = len(ORDER) - 1 - ORDER[::-1].index(index)
            torch.testing.assert_close(own.prototypes_0[label], EXPECTED_MEMORY['features'][0][place])


def check_joined_memory() -> None:
    """Rank 0 holds what one process would have collected, in that order, and each rank gets its part back."""
    memory = collect(dist.get_rank(), 2, 3).memory
    joined = memory.joined()
    if dist.get_rank() == 0:
        assert torch.equal(joined['indices'], EXPECTED_MEMORY['indices'])
        assert all(map(torch.equal, joined['features'], EXPECTED_MEMORY['features']))
    else:
        assert joined is None
    restored = FeatureMemory(2, 5)
    restored.restore(EXPECTED_MEMORY)
    assert torch.equal(restored.indices, memory.indices) and torch.equal(restored.features, memory.features)


def check_one_rank_empty() -> None:
    """A rank that has collected nothing takes part."""
    memory = FeatureMemory(1, 2)
    if dist.get_rank() == 1:
        memory.append([torch.eye(2)], torch.tensor([1, 0]))
    joined = memory.joined()
    assert joined is None or joined['indices'].tolist() == [1, 0]
    result = DeepClusterV2(nn.Identity(), nn.Identity(), num_prototypes=(2,), feat_channels=2, crops_for_assign=1)
    result.memory = memory
    result.update_prototypes(3)
    assert sorted(result.assignments[0].tolist()) == [-1, 0, 1]
    assert_equal_on_ranks(result.assignments)


class Head(nn.Linear):
    def forward(self, views: Tensor) -> tuple[Tensor]:
        return (super().forward(views.flatten(1)),)


class Last(nn.Linear):
    def forward(self, features: tuple[Tensor]) -> tuple[Tensor]:
        return (super().forward(features[0]),)


def check_data_parallel(broadcast: bool) -> None:
    """Buffers of a size that changes after wrapping; a rank without any assigned sample does not hang the other."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        own = DeepClusterV2(Head(4, 6), Last(6, 5), num_prototypes=(2, 3), feat_channels=5)
    parallel = DistributedDataParallel(own, broadcast_buffers=broadcast)
    for epoch in range(2):
        for _ in range(2):
            rank = dist.get_rank()
            views = [torch.randn(4, 1, 2, 2) for _ in range(2)]
            indices = [8 * rank + i for i in range(4)]
            if epoch == 0:
                own.collect(samples(indices), own.encode(views))
                continue
            loss = parallel(views, samples([i + 4 * rank for i in indices]), mode='loss')['loss']
            assert (float(loss.detach()) == 0) == (rank == 1)
            loss.backward()
        own.update_prototypes(16, torch.Generator().manual_seed(0))
    gradients = torch.cat([parameter.grad.flatten() for parameter in own.parameters()])
    assert gradients.abs().max() > 0
    assert_equal_on_ranks(gradients)


def check_resumed_run() -> None:
    """Interrupted within an epoch: weights, clusters and collected features of the uninterrupted run, bit for bit."""
    from cft.apis import train
    from cft.engine.model_access import unwrap_model
    from tests.support.deep_cluster_runs import deep_cluster_config

    folder = [tempfile.mkdtemp() if dist.get_rank() == 0 else None]
    dist.broadcast_object_list(folder)
    ends = []
    for name, resume_from in (('whole', None), ('resumed', 'iter_5.pth')):
        cfg = deep_cluster_config(Path(folder[0]) / name, batch_size=8, checkpoint={'by_epoch': False, 'interval': 1})
        cfg.launcher = 'pytorch'
        if resume_from:
            cfg.resume, cfg.load_from = True, f'{folder[0]}/whole/{resume_from}'
        runner = train(cfg)
        ends.append(unwrap_model(runner.model))
        assert runner.iter == 8 and len(ends[-1].memory) == 0
    found = ends[1].state_dict()
    for key, expected in ends[0].state_dict().items():
        # BatchNorm's statistics are each rank's own, and a checkpoint has those of rank 0.
        if dist.get_rank() == 0 or 'running' not in key:
            assert torch.equal(expected, found[key]), key
    for buffer in (*ends[1].prototypes, ends[1].assignments):
        assert_equal_on_ranks(buffer)
    dist.barrier()
    for iteration, rows in ((6, 32), (7, 48), (8, 50)):
        saved = [
            torch.load(f'{folder[0]}/{name}/iter_{iteration}.pth', weights_only=False)['collected_features']
            for name in ('whole', 'resumed')
        ]
        assert len(saved[0]['indices']) == rows and len(saved[0]['indices'].unique()) == rows
        assert torch.equal(saved[0]['indices'], saved[1]['indices'])
        assert all(map(torch.equal, saved[0]['features'], saved[1]['features']))


# Before there is a process group: what one process makes of all rows.
EXPECTED_MEMORY = collect(0, 1, 4).memory.joined()
EXPECTED_HEADS = one_process()
CASES: dict[str, Callable[[], None]] = {
    'clusters, batches of 3': partial(check_clusters, 3),
    'clusters, one batch': partial(check_clusters, 20),
    'as one process': partial(check_one_process, 3),
    'as many prototypes as samples': check_every_sample_a_cluster,
    'joined memory': check_joined_memory,
    'one rank empty': check_one_rank_empty,
    'data parallel': partial(check_data_parallel, False),
    'data parallel, broadcast buffers': partial(check_data_parallel, True),
    'resumed run': check_resumed_run,
}


if __name__ == '__main__':
    sys.exit(run_cases(CASES))
