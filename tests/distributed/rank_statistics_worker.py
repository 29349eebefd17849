"""Started by test_rank_statistics.py: two processes whose BatchNorms see other images."""

import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from cft.apis import train
from cft.engine.model_access import unwrap_model
from tests.support.digits_runs import short_config
from tests.support.two_ranks import run_cases

FOLDER = Path(sys.argv[1])
SEEN: list[torch.Tensor] = []


@HOOKS.register_module()
class LookAtStatistics(Hook):
    """Keeps those that a run begins with."""

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        SEEN.extend(buffer.clone() for buffer in statistics(runner).values())


def run(name: str, hooks: list, **settings: object) -> Runner:
    cfg = short_config('ce', FOLDER / name, iterations=4, train_cfg__val_interval=2, **settings)
    cfg.launcher = 'pytorch'
    cfg.custom_hooks = hooks
    return train(cfg)


def statistics(runner: Runner) -> dict[str, torch.Tensor]:
    return {name: buffer for name, buffer in unwrap_model(runner.model).named_buffers() if 'running' in name}


def parts(tensor: torch.Tensor) -> list[torch.Tensor]:
    gathered = [torch.empty_like(tensor) for _ in range(2)]
    dist.all_gather(gathered, tensor)
    return gathered


def _check(hooks: list, name: str) -> None:
    """The resumed run ends with the statistics of the whole one, on this rank; those of the ranks differ."""
    whole = run(f'{name}_whole', hooks)
    resumed = run(f'{name}_resumed', hooks, resume=True, load_from=str(FOLDER / f'{name}_whole' / 'iter_2.pth'))
    assert resumed.iter == 4
    found, expected = statistics(resumed), statistics(whole)
    assert expected
    for key, value in expected.items():
        assert torch.equal(found[key], value), key
        assert not torch.equal(*parts(value)), key
    validated = [r.message_hub.get_scalar('val/accuracy/top1').data[0][-1] for r in (whole, resumed)]
    assert validated[0] == validated[1]


def statistics_of_each_rank() -> None:
    _check([], 'plain')


def statistics_of_averages() -> None:
    _check([dict(type='EMAHook', momentum=0.1, update_buffers=True)], 'ema')


def one_process_more() -> None:
    """A checkpoint of another number of processes: all take the first one's."""
    path = FOLDER / 'plain_whole' / 'iter_2.pth'
    if dist.get_rank() == 0:
        content = torch.load(path, weights_only=False)
        assert content['rank_statistics'].shape[0] == 2
        content['rank_statistics'] = torch.cat([content['rank_statistics']] * 2)
        torch.save(content, FOLDER / 'four.pth')
    dist.barrier()
    run('four', [dict(type='LookAtStatistics')], resume=True, load_from=str(FOLDER / 'four.pth'))
    assert SEEN
    for value in SEEN:
        assert torch.equal(*parts(value))


if __name__ == '__main__':
    cases = (statistics_of_each_rank, statistics_of_averages, one_process_more)
    sys.exit(run_cases({case.__name__: case for case in cases}))
