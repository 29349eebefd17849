"""Train in stages that differ in loss weights and in what is frozen."""

import difflib
from typing import Protocol

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.optim import Optimizer

from cft.engine.class_heads import classifiers_of
from cft.engine.model_access import modules_where, unwrap_model
from cft.engine.optimizer_access import optim_wrappers
from cft.engine.stages import restart_schedule, stage_at, stage_starts
from cft.errors import ConfigError
from cft.registry import HOOKS

STAGE_KEYS = {'fraction', 'loss_weights', 'frozen', 'restart_schedule'}


class WeightedHead(Protocol):
    """A head whose losses have weights."""

    loss_weights: dict[str, float]

    def set_loss_weights(self, loss_weights: dict[str, float], /) -> None: ...


@HOOKS.register_module()
class StageSwitchHook(Hook):
    """Switch loss weights and frozen parameters at fractions of the run (COIN, algorithm 1).

    The stage follows from the iteration counter alone, so a run resumed in the
    middle of a stage is in it at once, in epoch- and iteration-based loops.

    A frozen parameter stays bit-identical: its gradient is dropped before every
    optimiser step, so that neither weight decay nor momentum moves it. It keeps
    ``requires_grad``, which DDP reads only once, at the start.

    Args:
        stages: One dict per stage with the keys

            - ``fraction``: length as a fraction of the run's iterations; the
              last stage may leave it out to take the rest;
            - ``loss_weights``: passed to ``set_loss_weights`` of the model's
              heads that have it; a weight not named stays as it was;
            - ``frozen``: names of modules or parameters, such as ``head.fc``,
              that do not move during the stage; ``'classifiers'`` are those of
              the contrastive heads, whatever the task;
            - ``restart_schedule``: begin the stage with the initial learning
              rate and fit the schedule to the rest of the run. The papers'
              single cosine over both stages is the default, False.

    Raises:
        ConfigError: Before training, if a stage has an unknown key, the fractions
            do not add up, a frozen name matches no parameter, or no head takes
            loss weights.

    Example:
        >>> custom_hooks = [dict(type='cft.StageSwitchHook', stages=[
        ...     dict(fraction=0.7, loss_weights=dict(loss_ce=0., loss_con=1.), frozen=['classifiers']),
        ...     dict(loss_weights=dict(loss_ce=1., loss_con=0.1))])]
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, stages: list[dict]) -> None:
        for stage in stages:
            unknown = set(stage) - STAGE_KEYS
            if unknown:
                raise ConfigError(f'unknown stage keys {sorted(unknown)}; known are {sorted(STAGE_KEYS)}')
        self.stages = stages
        self.starts = stage_starts([stage.get('fraction') for stage in stages], max_iters=1)
        self._stage: int | None = None

    def before_train(self, runner: Runner) -> None:
        self.starts = stage_starts([stage.get('fraction') for stage in self.stages], runner.max_iters)
        frozen = [_frozen_parameters(unwrap_model(runner.model), stage.get('frozen', [])) for stage in self.stages]
        if any('loss_weights' in stage for stage in self.stages) and not list(_weighted_heads(runner.model)):
            raise ConfigError('no module of the model has set_loss_weights; use a contrastive head of cft')
        for head in _weighted_heads(runner.model):
            initial = dict(head.loss_weights)
            for stage in self.stages:
                head.set_loss_weights(stage.get('loss_weights', {}))
            head.set_loss_weights(initial)
        self._stage = None
        self._enter(runner, stage_at(self.starts, runner.iter))

        def drop_frozen_gradients(optimizer: Optimizer, *_: object) -> None:
            assert self._stage is not None, 'entered above'
            for parameter in frozen[self._stage]:
                parameter.grad = None

        self._handles = [
            wrapper.optimizer.register_step_pre_hook(drop_frozen_gradients) for wrapper in optim_wrappers(runner)
        ]

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        stage = stage_at(self.starts, runner.iter)
        if stage != self._stage:
            self._enter(runner, stage)
        if self.stages[stage].get('restart_schedule') and runner.iter == self.starts[stage] > 0:
            restart_schedule(runner)

    def after_train(self, runner: Runner) -> None:
        for handle in self._handles:
            handle.remove()

    def _enter(self, runner: Runner, index: int) -> None:
        # A stage keeps what it does not name: after a resume the earlier stages' weights count as well.
        for stage in self.stages[: index + 1]:
            for head in _weighted_heads(runner.model):
                head.set_loss_weights(stage.get('loss_weights', {}))
        self._stage = index
        runner.logger.info(
            f'Stage {index + 1} of {len(self.stages)} from iteration {self.starts[index]}: '
            f'loss_weights={stage.get("loss_weights", "unchanged")}, frozen={stage.get("frozen", [])}'
        )


def _weighted_heads(model: nn.Module) -> list[WeightedHead]:
    return list(modules_where(model, lambda module: hasattr(module, 'set_loss_weights')))


def _classifier_parameters(model: nn.Module) -> list[nn.Parameter]:
    classifiers = classifiers_of(model)
    if not classifiers:
        raise ConfigError("frozen='classifiers' needs a contrastive head of cft; name the modules instead")
    return [parameter for layer in classifiers for parameter in layer.parameters()]


def _frozen_parameters(model: nn.Module, names: list[str]) -> list[nn.Parameter]:
    parameters = dict(model.named_parameters())
    found: list[nn.Parameter] = []
    for name in names:
        if name == 'classifiers':
            found += _classifier_parameters(model)
            continue
        matches = [p for key, p in parameters.items() if key == name or key.startswith(f'{name}.')]
        if not matches:
            modules = [key for key, _ in model.named_modules() if key]
            close = difflib.get_close_matches(name, modules, n=1)
            hint = f'; did you mean {close[0]!r}?' if close else ''
            raise ConfigError(f'frozen={name!r} names no parameter of the model{hint}')
        found += matches
    return found
