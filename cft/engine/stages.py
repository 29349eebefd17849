"""Stages of a run: fractions of its iterations, and a learning-rate schedule that begins anew in one."""

import bisect
import copy
from collections.abc import Sequence

from mmengine.runner import Runner

from cft.errors import ConfigError


def stage_starts(fractions: Sequence[float | None], max_iters: int) -> list[int]:
    """First iteration of each stage.

    Args:
        fractions: Length of each stage as a fraction of the run; the last may
            be None, meaning the rest.
        max_iters: Iterations of the run.

    Returns:
        Increasing iteration numbers, the first 0.

    Raises:
        ConfigError: If a fraction is not in (0, 1], only the last may be None,
            or they do not add up to 1.

    Example:
        >>> stage_starts([0.7, None], max_iters=100)
        [0, 70]
    """
    if not fractions:
        raise ConfigError('stages is empty; give at least one stage')
    if any(fraction is None for fraction in fractions[:-1]):
        raise ConfigError('every stage but the last needs a fraction of the run, such as fraction=0.7')
    known = [fraction for fraction in fractions if fraction is not None]
    if any(not 0 < fraction <= 1 for fraction in known):
        raise ConfigError(f'stage fractions must lie in (0, 1], got {known}')
    total = sum(known)
    if total > 1 + 1e-6 or (fractions[-1] is not None and total < 1 - 1e-6):
        raise ConfigError(f'stage fractions {known} add up to {total:g}, not to 1; drop the last one to mean the rest')
    return [0, *(round(sum(known[:index]) * max_iters) for index in range(1, len(fractions)))]


def stage_at(starts: Sequence[int], iteration: int) -> int:
    """Index of the stage that contains ``iteration`` (the one before its update)."""
    return bisect.bisect_right(starts, iteration) - 1


def restart_schedule(runner: Runner) -> None:
    """Set the learning rate back and fit its main schedule to the remaining run.

    The main schedules are those that last until the end of the run (warm-ups
    before them are over and stay so). Each begins again at its initial value
    and reaches its end with the run, milestones at the same parts of the way.
    Their number and types do not change and
    all their state is in the checkpoint, so a resumed run continues them.

    Args:
        runner: A runner with a plain list of schedulers, in training.

    Raises:
        ConfigError: If the run has several optimisers, or its schedulers are not in its config.
    """
    if not isinstance(runner.param_schedulers, list):
        raise ConfigError('restart_schedule=True works with one optimiser; this run has several')
    for group in runner.optim_wrapper.param_groups:
        group['lr'] = group['initial_lr']
    configs = runner.cfg.get('param_scheduler') or []
    configs = configs if isinstance(configs, list) else [configs]
    if len(configs) != len(runner.param_schedulers):
        raise ConfigError('restart_schedule=True needs param_scheduler in the config, one entry per scheduler')
    for index, config in enumerate(configs):
        by_epoch = config.get('by_epoch', True)
        total = runner.max_epochs if by_epoch else runner.max_iters
        if config.get('end', total) < total:
            continue
        done = runner.epoch if by_epoch else runner.iter
        config = copy.deepcopy(config)
        config.pop('T_max', None)
        config.update(begin=0, end=total - done)
        if 'milestones' in config:
            config['milestones'] = [round(milestone * (total - done) / total) for milestone in config['milestones']]
        runner.param_schedulers[index] = runner.build_param_scheduler([config])[0]
