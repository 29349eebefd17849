"""Checkpoints in the middle of a gradient accumulation."""

from functools import reduce

import torch
from mmengine.dist import get_rank, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import distributed, nn

from cft.engine.checkpointing import saves_after_epoch, saves_after_iteration
from cft.engine.model_access import unwrap_model
from cft.engine.optimizer_access import in_accumulation
from cft.registry import HOOKS

CHECKPOINT_KEY = 'accumulated_gradients'

Gradients = dict[str, torch.Tensor]


@HOOKS.register_module()
class AccumulatedGradientsHook(Hook):
    """Keep what has been accumulated towards the next optimiser step in the checkpoint.

    With ``optim_wrapper.accumulative_counts`` a checkpoint may be written
    between two steps; MMEngine drops the gradients of the batches since the
    last one. Here it holds them, those of each rank, and a resumed run goes on
    with them: exactly on as many ranks; on another number with their mean.
    It takes the gradients' memory once for each rank, only in such checkpoints.

    ``cft.apis.build_runner`` gives it to every config.

    Example:
        >>> default_hooks = dict(accumulated_gradients=dict(type='cft.AccumulatedGradientsHook'))
    """

    # After what changes gradients, before CheckpointHook.
    priority = 'LOW'

    def __init__(self) -> None:
        self._loaded: list[Gradients] | None = None
        self._of_ranks: list[Gradients] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self._loaded = checkpoint.get(CHECKPOINT_KEY) if runner._resume else None

    def before_train(self, runner: Runner) -> None:
        if self._loaded is None:
            return
        own = self._loaded[get_rank()] if len(self._loaded) == get_world_size() else mean_of(self._loaded)
        for name, parameter in unwrap_model(runner.model).named_parameters():
            if name in own:
                parameter.grad = own[name].to(parameter.device, copy=True)
        self._loaded = None
        runner.logger.info('Gradients of the batches since the last optimiser step were restored')

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self._of_ranks = None

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        if saves_after_iteration(runner):
            self._gather(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        if saves_after_epoch(runner):
            self._gather(runner)

    def before_val(self, runner: Runner) -> None:
        # CheckpointHook writes its checkpoint again if this validation is the best.
        if runner.iter > 0:
            self._gather(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        # A best checkpoint, without optimiser, is not for resuming.
        if self._of_ranks is not None and 'optimizer' in checkpoint:
            checkpoint[CHECKPOINT_KEY] = self._of_ranks

    def _gather(self, runner: Runner) -> None:
        """Bring the gradients of all ranks to the first one, which alone writes; all ranks take part."""
        if self._of_ranks is not None or not in_accumulation(runner):
            return
        own = accumulated(unwrap_model(runner.model))
        self._of_ranks = [own]
        if get_world_size() > 1:
            self._of_ranks = [{}] * get_world_size()
            distributed.gather_object(own, self._of_ranks if is_main_process() else None)


def accumulated(model: nn.Module) -> Gradients:
    """The gradients of a model by parameter, on the CPU."""
    return {name: p.grad.detach().cpu() for name, p in model.named_parameters() if p.grad is not None}


def mean_of(parts: list[Gradients]) -> Gradients:
    """The mean over ranks; a parameter without a gradient counts as zero.

    Example:
        >>> mean_of([{'w': torch.tensor(1.0)}, {'w': torch.tensor(3.0)}])
        {'w': tensor(2.)}
    """
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: reduce(torch.add, [part[name] for part in parts if name in part]) / len(parts) for name in names}
