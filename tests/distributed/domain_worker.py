"""Started by test_domains.py on two ranks: balanced batches, one accuracy, a training run."""

import os
import sys
from pathlib import Path

import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.apis import build_runner, leave_process_group, load_config
from tests.support.domain_runs import CORE_TUNING, DOMAINS, draw, settings


class Recorder(Hook):
    """Keeps the files of each training batch."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None) -> None:
        self.batches.append([sample.img_path for sample in data_batch['data_samples']])


def gather(value: object) -> list:
    values: list = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values


def domain_of(path: str) -> str:
    return Path(path).parents[1].name


def main() -> None:
    dist.init_process_group('gloo')
    work_dir = Path(sys.argv[1])
    if dist.get_rank() == 0:
        draw(work_dir / 'data')
    dist.barrier()
    # 72 training images and 12 a step and rank: three steps draw all of them once.
    cfg = load_config(CORE_TUNING, settings(work_dir / 'data', iterations=3, train_cfg__val_interval=3))
    cfg.launcher, cfg.work_dir, cfg.experiment_name = 'pytorch', str(work_dir / 'run'), 'domains'
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.test_domain = 'photo'
    # The last batch of each rank is short and the ranks' shares are padded to equal length.
    cfg.val_dataloader.batch_size = 4
    runner = build_runner(cfg)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    for batch in recorder.batches:
        domains = [domain_of(path) for path in batch]
        assert all(domains.count(domain) == 4 for domain in DOMAINS if domain != 'photo'), domains
    drawn = [path for batches in gather(recorder.batches) for batch in batches for path in batch]
    assert len(drawn) == len(set(drawn)) == 72
    print(f'[rank {os.environ["RANK"]}] batches: ok', flush=True)

    metrics = runner.val_loop.run()
    assert gather(metrics) == [metrics] * 2
    # Two images of each of three classes of a domain: sixths, if none is counted twice.
    assert set(metrics) == {'accuracy/average', *(f'accuracy/{d}' for d in DOMAINS if d != 'photo')}
    assert all(abs(value * 6 / 100 - round(value * 6 / 100)) < 1e-6 for k, value in metrics.items() if 'ave' not in k)
    print(f'[rank {os.environ["RANK"]}] metric: ok', flush=True)
    del runner
    leave_process_group()


if __name__ == '__main__':
    main()
