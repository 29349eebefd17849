"""Skip the steps whose loss or gradient is not finite, and stop when there are too many."""

import functools
import json
from collections.abc import Callable
from pathlib import Path

from mmengine.dist import all_gather_object, all_reduce, get_rank, is_distributed, is_main_process
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, tensor
from torch.nn.parallel import DistributedDataParallel

from cft.engine.finite import gradients, spread_if_not_finite
from cft.engine.forward_state import ForwardState
from cft.engine.model_access import unwrap_model
from cft.engine.optimizer_access import optim_wrappers
from cft.engine.skipped_step import batch_entry, describe
from cft.errors import ConfigError
from cft.ops import all_finite, names_of_non_finite
from cft.registry import HOOKS

COUNT = 'non_finite_steps'
FILE = 'non_finite.jsonl'


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Skip a step whose loss or gradient is infinite or NaN; stop with a diagnosis when that persists.

    A skipped step leaves parameters and optimiser as they are, and puts back
    what the forward pass has moved: BatchNorm statistics, queues, collected
    features. A momentum encoder still follows the unchanged weights,
    and the learning-rate schedule goes on. With gradient accumulation all
    batches of the step are skipped.

    The gradients decide, after DDP has summed them, so that all ranks skip
    together; a loss that is not finite on one rank makes them NaN on all. The
    check costs one fused norm and one transfer to the CPU for each step, the
    copy of the buffers as much time as reading and writing them.

    In mixed precision a gradient overflows now and then while the scaler looks
    for its scale, and it skips the step itself. That is counted only if the
    loss is not finite either, or the scale cannot be lowered further: it has
    come down to 1 or is fixed.

    Every skipped step is told in the log: the loss or the parameter, the first
    samples of the batch and the learning rate; ``non_finite.jsonl`` in the log
    folder has all samples. The number of skipped steps is kept in checkpoints.

    Args:
        max_consecutive: Stop when so many steps in a row were skipped.
        max_total: Stop when so many were skipped in the run.

    Raises:
        ConfigError: On all ranks, with the last diagnosis.

    Example:
        >>> default_hooks = dict(non_finite=dict(type='cft.NonFiniteHook', max_consecutive=10, max_total=100))
    """

    priority = 'VERY_HIGH'

    def __init__(self, max_consecutive: int = 10, max_total: int = 100) -> None:
        if not 1 <= max_consecutive <= max_total:
            raise ConfigError(
                'NonFiniteHook: 1 <= max_consecutive <= max_total is needed, got '
                f'max_consecutive={max_consecutive}, max_total={max_total}'
            )
        self.max_consecutive = max_consecutive
        self.max_total = max_total
        self._guarded: list[tuple[OptimWrapper, Callable, Callable]] = []

    def before_train(self, runner: Runner) -> None:
        self._model = unwrap_model(runner.model)
        self._state = ForwardState(self._model)
        # DDP's gradients are the same on all ranks; others, such as FSDP's shards, are not.
        self._ranks_differ = is_distributed() and not isinstance(runner.model, DistributedDataParallel)
        self._in_a_row = 0
        # A hub of the same name may be left from an earlier run of this process.
        self._total = runner.message_hub.get_info(COUNT, 0) if runner.iter > 0 else 0
        self._begin_step()
        self._release()
        for wrapper in optim_wrappers(runner):
            self._guard(wrapper)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        if not self._batches:
            self._state.keep()

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        losses = {name: value.detach() for name, value in (outputs or {}).items() if isinstance(value, Tensor)}
        self._batches.append((losses, data_batch.get('data_samples') if isinstance(data_batch, dict) else None))
        if self._stepped:
            if self._found is None:
                self._in_a_row = 0
            else:
                self._tell(runner, self._found)
            self._begin_step()

    def after_train(self, runner: Runner) -> None:
        self._release()

    def _guard(self, wrapper: OptimWrapper) -> None:
        scale_loss, step = wrapper.scale_loss, wrapper.step
        wrapper.scale_loss = functools.partial(self._scale_loss, scale_loss)
        wrapper.step = functools.partial(self._step, wrapper, step)
        # MMEngine's schedulers count the steps of a wrapper that bears this mark.
        wrapper.step._with_counter = True
        self._guarded.append((wrapper, scale_loss, step))

    def _release(self) -> None:
        for wrapper, scale_loss, step in self._guarded:
            wrapper.scale_loss, wrapper.step = scale_loss, step
        self._guarded = []

    def _begin_step(self) -> None:
        self._losses: list[Tensor] = []
        self._batches: list[tuple[dict[str, Tensor], object]] = []
        self._stepped = False
        self._found: dict | None = None

    def _scale_loss(self, scale_loss: Callable, loss: Tensor) -> Tensor:
        self._losses.append(loss.detach())
        return spread_if_not_finite(scale_loss(loss))

    def _step(self, wrapper: OptimWrapper, step: Callable, **kwargs: object) -> None:
        self._stepped = True
        if self._gradients_finite(wrapper):
            step(**kwargs)
            return
        loss_finite = all(all_gather_object(all_finite(self._losses)))
        found = {
            'gradients': names_of_non_finite(gradients(self._model)) if loss_finite else [],
            'weights': names_of_non_finite(self._model.named_parameters()),
        }
        scaler = getattr(wrapper, 'loss_scaler', None)
        if scaler is not None and scaler.is_enabled():
            before = scaler.get_scale()
            step(**kwargs)
            # The scaler has skipped the step; that it lowers the scale is its search.
            if loss_finite and 1 <= scaler.get_scale() < before:
                return
        self._found = found
        self._state.put_back()

    def _gradients_finite(self, wrapper: OptimWrapper) -> bool:
        parameters = [parameter for group in wrapper.param_groups for parameter in group['params']]
        finite = all_finite([parameter.grad for parameter in parameters if parameter.grad is not None])
        if self._ranks_differ:
            flag = tensor(float(finite), device=parameters[0].device)
            all_reduce(flag, op='min')
            finite = bool(flag)
        return finite

    def _tell(self, runner: Runner, found: dict) -> None:
        self._in_a_row += 1
        self._total += 1
        runner.message_hub.update_info(COUNT, self._total)
        batches = [batch_entry(get_rank(), losses, samples) for losses, samples in self._batches]
        record = {
            'iteration': runner.iter,
            'learning_rate': max(max(wrapper.get_lr()['lr']) for wrapper in optim_wrappers(runner)),
            **found,
            'batches': [batch for gathered in all_gather_object(batches) for batch in gathered],
        }
        if is_main_process():
            with (Path(runner.log_dir) / FILE).open('a') as file:
                file.write(json.dumps(record) + '\n')
        message = describe(record)
        runner.logger.warning(
            f'Step skipped ({self._in_a_row} in a row, {self._total} in all): {message}; all samples are in {FILE}'
        )
        if self._in_a_row >= self.max_consecutive or self._total >= self.max_total:
            raise ConfigError(
                f'training stopped: {self._in_a_row} steps in a row and {self._total} in all were skipped '
                f'(max_consecutive={self.max_consecutive}, max_total={self.max_total}). The last: {message}. '
                'Lower the learning rate, warm it up, or clip with optim_wrapper.clip_grad.max_norm=1; '
                'if the same samples come back, look at them'
            )
