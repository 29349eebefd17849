"""On which device a training runs, and what it will cost where that is long."""

import logging
import time

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from cft.engine.model_access import unwrap_model
from cft.engine.run_cost import cheaper_settings, cpu_count, describe_attack, describe_device, in_time
from cft.engine.trial_step import batch_and_images, seconds_of, trial_step
from cft.errors import ConfigError
from cft.registry import HOOKS

IMAGES = 4
# A whole batch is tried if it is expected to be done in so many seconds.
WHOLE_BATCH = 5.0
# Where nothing can be tried, the first steps tell; the very first one warms up.
STEPS = 3


@HOOKS.register_module()
class RunCostHook(Hook):
    """Tell the device at the start and, on CPUs, what a long training will cost.

    Before the first step a copy of the model is tried on a few images, which
    takes a fraction of a step and leaves the run as it is, bit for bit. With
    several processes, or a model that cannot be tried, the first steps are
    timed instead. A training that is expected to take longer than ``minutes``
    is told with its cost, and with settings of its config that would help.

    Args:
        minutes: From which expected length on the cost is told.

    Raises:
        ConfigError: If ``minutes`` is negative.

    Example:
        >>> default_hooks = dict(run_cost=dict(type='cft.RunCostHook', minutes=30))
    """

    priority = 'LOW'

    def __init__(self, minutes: float = 30) -> None:
        if minutes < 0:
            raise ConfigError(f'RunCostHook: minutes must be at least 0, got {minutes}')
        self.minutes = minutes
        self._seconds: list[float] | None = None
        self._begun = 0.0

    def before_train(self, runner: Runner) -> None:
        device = next(unwrap_model(runner.model).parameters()).device
        runner.logger.info(f'Training on {describe_device(device)}')
        attack = describe_attack(unwrap_model(runner.model))
        if attack:
            runner.logger.info(attack)
        self._seconds = None
        if device.type != 'cpu':
            return
        seconds = self._try(runner) if get_world_size() == 1 else None
        if seconds is None:
            self._seconds = []
        else:
            self._tell(runner, seconds)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self._begun = time.perf_counter()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        if self._seconds is None:
            return
        self._seconds.append(time.perf_counter() - self._begun)
        if len(self._seconds) == STEPS:
            self._tell(runner, min(self._seconds))
            self._seconds = None

    def _try(self, runner: Runner) -> float | None:
        """Seconds of a step; None if that cannot be found out beforehand."""
        try:
            batch, there = batch_and_images(runner)
            few, all_of_them = min(IMAGES, batch, there), min(batch, there)
            seconds = self._seconds_for(runner, few) * batch / few
            if few < all_of_them and seconds < WHOLE_BATCH and self._message(runner, seconds):
                # A few images keep the cores less busy than many.
                seconds = self._seconds_for(runner, all_of_them) * batch / all_of_them
            return seconds
        except Exception as error:
            # A model may need what other hooks give it later; what is wrong with it, the first step tells.
            print_log(f'A step was not tried: {error}', 'current', logging.DEBUG)
            return None

    @staticmethod
    def _seconds_for(runner: Runner, images: int) -> float:
        with trial_step(runner, images) as step:
            return seconds_of(step)

    def _message(self, runner: Runner, seconds: float) -> str | None:
        return cost_of(seconds, runner.max_iters - runner.iter, self.minutes)

    def _tell(self, runner: Runner, seconds: float) -> None:
        message = self._message(runner, seconds)
        if message:
            helps = [*cheaper_settings(runner.cfg._cfg_dict, unwrap_model(runner.model)), 'a machine with a GPU']
            runner.logger.warning(f'{message}; consider {", ".join(helps)}')


def cost_of(seconds: float, steps: int, minutes: float) -> str | None:
    """What so many steps of so many seconds cost, in words; None if that is less than so many minutes.

    Example:
        >>> cost_of(55, 400, minutes=30)
        'On ... a step takes about 55 s and the training about 6.1 h, without validation'
        >>> cost_of(0.1, 100, minutes=30)
    """
    if seconds * steps <= 60 * minutes:
        return None
    cores = f'{cpu_count()} CPU core{"s" * (cpu_count() != 1)}'
    return (
        f'On {cores} a step takes about {in_time(seconds)} and the training about {in_time(seconds * steps)}, '
        'without validation'
    )
