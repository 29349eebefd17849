"""Run the main learning-rate schedule anew over what is left of the run."""

import copy

from mmengine.runner import Runner

from cft.errors import ConfigError


def restart_schedule(runner: Runner) -> None:
    """Set the learning rate back and fit its main schedule to the remaining run.

    The main schedules are those that last until the end of the run (warm-ups
    before them are over and stay so). Each begins again at its initial value
    and reaches its end with the run. Their number and types do not change and
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
        runner.param_schedulers[index] = runner.build_param_scheduler([config])[0]
