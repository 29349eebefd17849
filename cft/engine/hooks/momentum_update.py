"""Move the momentum encoder after each optimiser step, on a schedule."""

import math

from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.engine.batch_sizes import fixed_batch_size
from cft.engine.model_access import modules_where
from cft.engine.optimizer_access import in_accumulation
from cft.errors import ConfigError
from cft.registry import HOOKS


def momentum_at(iteration: int, max_iters: int, start: float, end: float, schedule: str) -> float:
    """Momentum of the given step; it reaches ``end`` after the last one.

    Example:
        >>> momentum_at(0, 10, 0.996, 1.0, 'cosine'), momentum_at(10, 10, 0.996, 1.0, 'cosine')
        (0.996, 1.0)
    """
    if schedule == 'constant':
        return start
    progress = iteration / max(max_iters, 1)
    if schedule == 'cosine':
        return end - (end - start) * (math.cos(math.pi * progress) + 1) / 2
    return start + (end - start) * progress


@HOOKS.register_module()
class MomentumUpdateHook(Hook):
    """Update every moving average of the model after each optimiser step.

    Calls ``update_target(momentum)`` of the modules that have it, such as
    :class:`cft.models.MomentumContrast`. The momentum follows from the
    iteration counter, hence also after a resume. Those that have
    ``fix_batch_size(rows)`` are told during training if all batches have one
    size, by ``drop_last=True`` of the data loader; it warns of those whose
    ``statistics_tell_keys()`` says so.

    Args:
        momentum: Momentum of the first step (SCE: 0.996).
        end_momentum: Momentum at the end of the run.
        schedule: ``'cosine'``, ``'linear'`` or ``'constant'``.

    Raises:
        ConfigError: For an unknown schedule, a momentum outside [0, 1], or, before
            training, a model without a moving average.

    Example:
        >>> custom_hooks = [dict(type='cft.MomentumUpdateHook', momentum=0.996, end_momentum=1.0)]
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, momentum: float = 0.996, end_momentum: float = 1.0, schedule: str = 'cosine') -> None:
        if schedule not in ('cosine', 'linear', 'constant'):
            raise ConfigError(f"schedule must be 'cosine', 'linear' or 'constant', got {schedule!r}")
        if not (0 <= momentum <= 1 and 0 <= end_momentum <= 1):
            raise ConfigError(f'momentum must lie in [0, 1], got {momentum} to {end_momentum}')
        self.momentum = momentum
        self.end_momentum = end_momentum
        self.schedule = schedule

    def before_train(self, runner: Runner) -> None:
        self._averages = list(modules_where(runner.model, lambda module: hasattr(module, 'update_target')))
        if not self._averages:
            raise ConfigError('MomentumUpdateHook found no module with update_target(momentum) in the model; remove it')
        self._fix_batch_size(fixed_batch_size(runner.train_dataloader))
        if any(module.statistics_tell_keys() for module in self._averages if hasattr(module, 'statistics_tell_keys')):
            runner.logger.warning(
                'in one process BatchNorm normalises keys with the images of their queries, by which they are told '
                'from the queue; set model.key_splits=8, for parts as eight GPUs would have them (plain BatchNorm2d, '
                'as in ResNets), or train on several GPUs'
            )

    def after_train(self, runner: Runner) -> None:
        self._fix_batch_size(None)

    def _fix_batch_size(self, rows: int | None) -> None:
        for module in self._averages:
            if hasattr(module, 'fix_batch_size'):
                module.fix_batch_size(rows)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        if in_accumulation(runner):
            return
        momentum = momentum_at(runner.iter, runner.max_iters, self.momentum, self.end_momentum, self.schedule)
        for module in self._averages:
            module.update_target(momentum)
        runner.message_hub.update_scalar('train/momentum', momentum)
