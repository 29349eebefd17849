"""Started by test_training.py on two ranks: real runs of the quickstart configs over gloo."""

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.runner import Runner

from cft.apis import leave_process_group, train
from cft.engine.model_access import unwrap_model
from tests.support.digits_runs import short_config, weights


def train_on_both(name: str, work_dir: Path, **overrides: object) -> Runner:
    cfg = short_config(name, work_dir, **overrides)
    cfg.launcher = 'pytorch'
    return train(cfg)


def assert_equal_on_ranks(runner: Runner) -> None:
    """Every parameter, queue, prototypes and assignments; BatchNorm statistics are each rank's own."""
    model = unwrap_model(runner.model)
    common = ('queue.', 'prototypes_', 'assignments')
    shared = dict(model.named_parameters()) | {n: b for n, b in model.named_buffers() if n.startswith(common)}
    for name, value in shared.items():
        parts = [torch.empty_like(value) for _ in range(2)]
        dist.all_gather(parts, value.detach().contiguous())
        assert torch.equal(*parts), name


def check_coin(work_dir: Path) -> None:
    runner = train_on_both('coin', work_dir, optim_wrapper__optimizer__weight_decay=0.1)
    assert_equal_on_ranks(runner)
    states = [weights(work_dir / f'iter_{iteration}.pth') for iteration in range(1, 7)]
    for name in ('head.fc.weight', 'head.fc.bias'):
        assert all(torch.equal(states[0][name], state[name]) for state in states[1:3]), name
        assert not torch.equal(states[2][name], states[3][name]), name
    assert not torch.equal(states[0]['backbone.conv1.weight'], states[1]['backbone.conv1.weight'])


def check_sce(work_dir: Path) -> None:
    """50 images in batches of 20 per rank: 25 images a rank, hence batches of 20 and 5."""
    runner = train_on_both('sce', work_dir, iterations=2)
    assert_equal_on_ranks(runner)
    model = unwrap_model(runner.model)
    assert runner.iter == 4 and int(model.queue.position) == 100
    torch.testing.assert_close(model.queue.features.norm(dim=1), torch.ones(512))


def check_hexa_moco(work_dir: Path) -> None:
    """Both hard terms and the symmetric loss."""
    assert_equal_on_ranks(train_on_both('hexa_moco', work_dir, iterations=2, model__symmetric=True))


def check_hexa_dcluster(work_dir: Path) -> None:
    """Every image of both ranks has a cluster."""
    runner = train_on_both('hexa_dcluster', work_dir, iterations=2, model__num_prototypes=(6, 4))
    assert_equal_on_ranks(runner)
    model = unwrap_model(runner.model)
    assert model.assignments.shape == (2, 1000) and int((model.assignments >= 0).sum()) == 2 * 50


def check_coretuning(work_dir: Path) -> None:
    runner = train_on_both('coretuning', work_dir, iterations=3)
    assert_equal_on_ranks(runner)
    assert all(torch.isfinite(p).all() for p in unwrap_model(runner.model).parameters())


def check_schane(work_dir: Path) -> None:
    assert_equal_on_ranks(train_on_both('schane', work_dir, iterations=2))


def main() -> None:
    dist.init_process_group('gloo')
    for check in (check_coin, check_sce, check_hexa_moco, check_hexa_dcluster, check_coretuning, check_schane):
        check(Path(sys.argv[1]) / check.__name__)
        print(f'[rank {os.environ["RANK"]}] {check.__name__}: ok', flush=True)
    leave_process_group()
    threads = [task.read_text() for task in Path('/proc/self/task').glob('*/comm')]
    assert not any('gloo' in name for name in threads), threads


if __name__ == '__main__':
    main()
