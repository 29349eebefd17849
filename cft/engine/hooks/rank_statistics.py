"""BatchNorm statistics of each process, in checkpoints that the first one writes."""

import logging
from collections.abc import Iterator

import torch
from mmengine.dist import all_gather, get_rank, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from cft.engine.checkpointing import saves_after_epoch, saves_after_iteration
from cft.engine.model_access import unwrap_model
from cft.registry import HOOKS

KEY = 'rank_statistics'


@HOOKS.register_module()
class RankStatisticsHook(Hook):
    """Let a resumed run of several processes go on with the running statistics that each of them had.

    Without SyncBN every process has running means and variances of its own
    images, and validates with them. A checkpoint holds those of the first; what
    the others have is kept beside them, under ``rank_statistics``, where it
    differs. Another number of processes resumes with those of the first, and a
    warning says so.

    Each checkpoint and each validation costs one collective of these numbers,
    53,120 for a ResNet-50.

    Example:
        >>> default_hooks = dict(rank_statistics=dict(type='cft.RankStatisticsHook'))
    """

    # After averages of the model are brought up to date, and before checkpoints are written.
    priority = 'LOW'

    def __init__(self) -> None:
        self._gathered: Tensor | None = None
        self._loaded: Tensor | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        loaded = checkpoint.get(KEY) if runner._resume else None
        self._loaded = loaded if isinstance(loaded, Tensor) and loaded.dim() == 2 else None

    def before_train(self, runner: Runner) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is None:
            return
        own = list(_statistics(runner))
        if len(loaded) != get_world_size():
            print_log(
                f'The checkpoint holds BatchNorm statistics of {len(loaded)} processes, and there are '
                f'{get_world_size()}: all of them go on with those of the first',
                'current',
                logging.WARNING,
            )
        elif loaded.shape[1] == sum(buffer.numel() for buffer in own):
            values = loaded[get_rank()].split([buffer.numel() for buffer in own])
            for buffer, value in zip(own, values, strict=True):
                buffer.copy_(value.view_as(buffer))

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        if saves_after_iteration(runner):
            self._gather(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        if saves_after_epoch(runner):
            self._gather(runner)

    def before_val(self, runner: Runner) -> None:
        # In a validation, and after it, checkpoints are written as well.
        if isinstance(runner._train_loop, BaseLoop):
            self._gather(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        # The best checkpoint continues nothing.
        if self._gathered is not None and 'optimizer' in checkpoint:
            checkpoint[KEY] = self._gathered

    def _gather(self, runner: Runner) -> None:
        own = [buffer.detach().flatten().float() for buffer in _statistics(runner)]
        self._gathered = None
        if get_world_size() > 1 and own:
            ranks = torch.stack(all_gather(torch.cat(own)))
            if not torch.equal(ranks, ranks[:1].expand_as(ranks)):
                self._gathered = ranks.cpu()


def _statistics(runner: Runner) -> Iterator[Tensor]:
    """Running means and variances that no other process shares: of the model, and of its moving averages."""
    averages = [hook.ema_model for hook in runner.hooks if isinstance(hook, EMAHook)]
    for model in [runner.model, *averages]:
        for module in unwrap_model(model).modules():
            if isinstance(module, _NormBase) and not isinstance(module, nn.SyncBatchNorm):
                yield from (
                    buffer for name, buffer in module.named_buffers(recurse=False) if name.startswith('running')
                )
