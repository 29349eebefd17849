"""Begin the classifier anew several times during fine-tuning (RIFLE)."""

import copy
import logging
import math

import torch
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import nn

from cft.engine.class_heads import classifiers_of
from cft.engine.optimizer_access import optim_wrappers, own_groups
from cft.engine.shared_seed import shared_seed
from cft.engine.stages import stage_at, stage_starts
from cft.errors import ConfigError
from cft.registry import HOOKS

SEED = 1


def reinitialize(layer: nn.Module, seed: int) -> None:
    """Give a layer new weights as PyTorch initialises it, the same for the same seed on any device.

    Args:
        layer: Everything in it that has parameters or statistics has ``reset_parameters``.
        seed: No other random number of the process depends on it.

    Example:
        >>> layer, same = nn.Linear(4, 2), nn.Linear(4, 2)
        >>> reinitialize(layer, seed=0), reinitialize(same, seed=0), bool((layer.weight == same.weight).all())
        (None, None, True)
    """
    fresh = copy.deepcopy(layer).cpu()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for module in fresh.modules():
            reset = getattr(module, 'reset_parameters', None)
            if callable(reset):
                reset()
    layer.load_state_dict(fresh.state_dict())


@HOOKS.register_module()
class RIFLEHook(Hook):
    r"""Re-initialise the classifiers at the beginning of every cycle but the first (RIFLE, Li et al. 2020).

    A classifier of random weights sends larger gradients into the deep layers
    than one that fits the training images already. The run is divided into
    cycles of equal length. The network follows the schedule of the config; the
    classifiers' learning rate falls from its initial value to zero in each
    cycle by a cosine:

    .. math:: \eta(t) = \frac{\eta_0}{2} (1 + \cos(\pi t / T)), \quad 0 \le t < T

    Classifiers are those of the contrastive heads in every task, in
    segmentation the auxiliary heads too. Their momentum, and gradients that
    were accumulated for the old weights, are dropped with them. A moving
    average of the model (EMAHook) begins anew with them as well: else it would
    go on averaging weights of different beginnings.

    The step, and the new weights, follow from iteration and seed alone: a run
    resumed right before or after a re-initialisation ends as the uninterrupted one.

    Args:
        cycles: One more than there are re-initialisations.
        cyclic_lr: False: the classifiers follow the schedule of the network,
            as in the released code unless asked for.

    Raises:
        ConfigError: If there are fewer than two cycles; before training, if the
            model has no contrastive head, or its classifier cannot be re-initialised.

    Example:
        >>> custom_hooks = [dict(type='cft.RIFLEHook', cycles=4)]
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, cycles: int = 4, cyclic_lr: bool = True) -> None:
        if cycles < 2:
            raise ConfigError(f'cycles must be at least 2, got {cycles}: there is one re-initialisation less')
        self.cycles = cycles
        self.cyclic_lr = cyclic_lr

    def before_run(self, runner: Runner) -> None:
        # What a resumed run loads into the optimiser has the groups that are made here.
        for group in self._groups_of(runner):
            group.setdefault('initial_lr', group['lr'])

    def before_train(self, runner: Runner) -> None:
        layers = classifiers_of(runner.model)
        if not layers:
            raise ConfigError('RIFLEHook found no classifier to re-initialise; use a contrastive head of cft')
        for module in (module for layer in layers for module in layer.modules()):
            if list(module.parameters(recurse=False)) and not hasattr(module, 'reset_parameters'):
                raise ConfigError(f'RIFLEHook: {type(module).__name__} of a classifier has no reset_parameters()')
        if runner.max_iters < self.cycles:
            print_log(
                f'RIFLEHook: {runner.max_iters} iterations are too few for {self.cycles} cycles; not all of the '
                're-initialisations take place',
                'current',
                logging.WARNING,
            )
        self._starts = stage_starts([1 / self.cycles] * (self.cycles - 1) + [None], runner.max_iters)
        self._groups = self._groups_of(runner)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        cycle = stage_at(self._starts, runner.iter)
        start, end = [*self._starts, runner.max_iters][cycle : cycle + 2]
        if runner.iter == start > 0:
            self._begin_anew(runner, cycle)
        for group in self._groups:
            group['lr'] = group['initial_lr'] * (1 + math.cos(math.pi * (runner.iter - start) / (end - start))) / 2

    def _groups_of(self, runner: Runner) -> list[dict]:
        parameters = [parameter for layer in classifiers_of(runner.model) for parameter in layer.parameters()]
        wrappers = optim_wrappers(runner) if self.cyclic_lr else []
        return [group for wrapper in wrappers for group in own_groups(wrapper.optimizer, parameters)]

    @staticmethod
    def _begin_anew(runner: Runner, cycle: int) -> None:
        averages = [classifiers_of(hook.ema_model) for hook in runner.hooks if isinstance(hook, EMAHook)]
        for index, layers in enumerate(zip(classifiers_of(runner.model), *averages, strict=True)):
            seed = shared_seed(runner, SEED, cycle, index)
            for layer in layers:
                reinitialize(layer, seed)
            for parameter in layers[0].parameters():
                parameter.grad = None
                for wrapper in optim_wrappers(runner):
                    wrapper.optimizer.state.pop(parameter, None)
        runner.logger.info(f'Classifiers re-initialised: cycle {cycle + 1} from iteration {runner.iter}')
