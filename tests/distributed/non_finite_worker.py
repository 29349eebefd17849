"""Started by test_non_finite_in_two_processes.py: a loss of rank 1 alone is not finite."""

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from cft.apis import train
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from tests.support.digits_runs import short_config
from tests.support.two_ranks import run_cases


@HOOKS.register_module()
class SpoilRankOne(Hook):
    """In some iterations the features of rank 1 are NaN; or the loss does, without a path to any weight."""

    def __init__(self, iterations: list[int], how: str) -> None:
        self.iterations, self.how = iterations, how
        self.states: list[dict[str, torch.Tensor]] = []

    def before_train(self, runner: Runner) -> None:
        head = unwrap_model(runner.model).head
        compute = head.loss

        def loss(features: tuple[torch.Tensor, ...], *args: object, **kwargs: object) -> dict[str, torch.Tensor]:
            spoilt = dist.get_rank() == 1 and runner.iter in self.iterations
            if spoilt and self.how == 'features':
                features = tuple(feature * float('nan') for feature in features)
            losses = compute(features, *args, **kwargs)
            if spoilt and self.how == 'loss':
                losses['loss_ce'] = losses['loss_ce'] + torch.empty(0).mean()
            return losses

        head.loss = loss

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.states.append({k: v.clone() for k, v in unwrap_model(runner.model).state_dict().items()})


def run(name: str, iterations: list[int], how: str, **overrides: object) -> Runner:
    cfg = short_config('ce', Path(os.environ['CFT_TEST_FOLDER']) / name, iterations=5, checkpoint=None, **overrides)
    cfg.launcher = 'pytorch'
    cfg.custom_hooks = [dict(type='SpoilRankOne', iterations=iterations, how=how)]
    return train(cfg)


def check(runner: Runner) -> None:
    """Step 2 is skipped on both ranks, and their weights go on being equal and finite."""
    (hook,) = [hook for hook in runner.hooks if isinstance(hook, SpoilRankOne)]
    for name, value in hook.states[1].items():
        assert torch.equal(value, hook.states[2][name]), name
    assert not torch.equal(hook.states[2]['head.fc.weight'], hook.states[3]['head.fc.weight'])
    for name, value in unwrap_model(runner.model).named_parameters():
        parts = [torch.empty_like(value) for _ in range(2)]
        dist.all_gather(parts, value.detach())
        assert torch.equal(*parts) and value.isfinite().all(), name


def features_of_one_rank() -> None:
    runner = run('features', [2], 'features')
    check(runner)
    if dist.get_rank() == 0:
        (line,) = (Path(runner.log_dir) / 'non_finite.jsonl').read_text().splitlines()
        losses = {batch['rank']: batch['losses']['loss_ce'] for batch in json.loads(line)['batches']}
        assert losses[1] == 'nan' and isinstance(losses[0], float), losses


def loss_without_gradient_of_one_rank() -> None:
    check(run('loss', [2], 'loss'))


def both_stop_together() -> None:
    try:
        run('stop', [1, 2, 3], 'features', default_hooks__non_finite__max_consecutive=2)
    except ConfigError as error:
        assert 'iteration 2,' in str(error) and 'on rank 1' in str(error), error
    else:
        raise AssertionError('training went on')


if __name__ == '__main__':
    cases = (features_of_one_rank, loss_without_gradient_of_one_rank, both_stop_together)
    sys.exit(run_cases({case.__name__: case for case in cases}))
