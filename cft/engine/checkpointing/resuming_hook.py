"""What is asked of a checkpoint before a run continues from it, or fills its model with it."""

from collections.abc import Collection, Iterator
from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import BaseLoop, Runner
from torch import Tensor

from cft.checkpoints import TRUST_VARIABLE, Unread, refuse_non_finite
from cft.errors import ConfigError

from .classes import check_classes
from .hub import mend_message_hub
from .latest import find_resumable
from .model_fit import fill, require_backbone, require_same, require_whole
from .plan import ANEW, KEY, check_optimizers, check_schedules, describe_end, describe_plan

STATES = ('message_hub', 'optimizer', 'param_schedulers')


class FirstLook(Hook):
    """Looks at a checkpoint before other hooks, such as a moving average, load their part of it."""

    def __init__(self, hook: 'ResumingHook') -> None:
        self.hook = hook

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self.hook.look_at(runner, checkpoint)


class ResumingHook(CheckpointHook):
    """The reading side of :class:`cft.engine.checkpointing.AtomicCheckpointHook`."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._first_look: FirstLook | None = None
        self._plan: dict = {}
        self._kept: list[str] = []

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint of ``--resume`` without a file; rank 0 looks, and all ranks take the same."""
        if self._first_look is None:
            self._first_look = FirstLook(self)
            # A new list: MMEngine is going through the old one.
            runner._hooks = [self._first_look, *runner._hooks]
        if isinstance(runner._train_loop, BaseLoop):
            self._plan = describe_plan(runner)
        if runner._resume and runner._load_from is None and '://' not in str(self.out_dir):
            self._choose(runner)

    def _choose(self, runner: Runner) -> None:
        found: list = [None]
        if is_main_process():
            try:
                found[0] = find_resumable(runner.work_dir, self._folder(runner), self.filename_tmpl)
            except ConfigError as error:
                found[0] = error
        broadcast_object_list(found)
        if isinstance(found[0], ConfigError):
            raise found[0]
        if found[0] is None:
            runner.logger.warning(f'Nothing to resume in {runner.work_dir}: training starts from the beginning')
        else:
            runner._load_from = str(found[0])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at it, unless that was done before others did."""
        if self._first_look is None:
            self.look_at(runner, checkpoint)

    def look_at(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse what MMEngine would load in part, or trip over later."""
        path = runner._load_from or 'the checkpoint'
        fit = fill(runner.model, checkpoint, path)
        # Later loads, such as the best checkpoint's for a test, are no start.
        starts = isinstance(runner._train_loop, BaseLoop) and not runner._has_loaded and runner.iter == 0
        if not starts:
            loops = [loop for loop in (runner._test_loop, runner._val_loop) if isinstance(loop, BaseLoop)]
            for loop in loops[:1] if not fit.missing else []:
                check_classes(runner.model, checkpoint, loop.dataloader.dataset, path, 'test')
            require_whole(runner.model, fit, path)
        elif runner._resume:
            if not fit.missing and not fit.unexpected:
                # Before the shapes, here and above: those of a classifier only follow from them.
                check_classes(runner.model, checkpoint, runner.train_dataloader.dataset, path, 'resume')
            require_same(runner.model, fit, path)
            self._check_states(runner, checkpoint, path)
        else:
            require_backbone(runner.model, fit, path)
            check_classes(runner.model, checkpoint, runner.train_dataloader.dataset, path, 'start')

    def _check_states(self, runner: Runner, checkpoint: dict, path: str) -> None:
        needed = ['optimizer'] if self.save_optimizer else []
        needed += ['param_schedulers'] if self.save_param_scheduler and runner.param_schedulers else []
        check_resumable(checkpoint, path, needed)
        self._kept = []
        if 'optimizer' in checkpoint:
            self._kept += check_optimizers(runner, checkpoint, path)
        if 'param_schedulers' in checkpoint:
            self._kept += check_schedules(runner, checkpoint, path)
        # They go on as they were saved, and so do the next checkpoints.
        self._plan = checkpoint['meta'].get(KEY, self._plan)

    def before_train(self, runner: Runner) -> None:
        """Tell what a resumed run goes on with although its config says otherwise."""
        super().before_train(runner)
        if self._kept:
            end = describe_end(runner)
            runner.logger.warning(
                f'The run goes on with the settings of its checkpoint: {", ".join(self._kept)}'
                f'{f"; {end}" if end else ""}. For those of the config {ANEW.removeprefix("or ")}'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the plan beside the states that follow it."""
        if 'optimizer' in checkpoint:
            checkpoint['meta'][KEY] = self._plan

    def _folder(self, runner: Runner) -> Path:
        """Where :meth:`before_train` will write checkpoints."""
        work_dir = Path(runner.work_dir)
        return work_dir if self.out_dir is None else Path(self.out_dir, work_dir.name)


def check_resumable(content: dict, path: object, needed: Collection[str]) -> None:
    """Check that a run can continue exactly, and drop what its schedulers make anew.

    MMEngine's one-cycle schedule keeps one of its own functions in its state.
    Functions are not read from files; without it in the state, the schedule
    keeps the one that its config gives it.

    Args:
        content: A checkpoint, of which the schedulers' states may be changed.
        path: For the messages.
        needed: States without which the run would not be the same.

    Raises:
        ConfigError: If something is missing, was not read as it is, or the
            optimiser's state is not finite.
    """
    mend_message_hub(content, path)
    refuse_non_finite(dict(_named_tensors(content.get('optimizer'), 'optimizer')), str(path))
    meta = content.get('meta')
    counters = isinstance(meta, dict) and all(isinstance(meta.get(key), int) for key in ('epoch', 'iter'))
    lacking = [] if counters else ['meta.epoch and meta.iter']
    lacking += [key for key in ('state_dict', 'message_hub', *needed) if not isinstance(content.get(key), dict | list)]
    if lacking:
        raise ConfigError(
            f'{path} cannot be resumed: it lacks {", ".join(lacking)}; best and published checkpoints hold only the '
            'model: give the last one, or start a new run from this one with load_from and without resume'
        )
    schedulers = content.get('param_schedulers', [])
    for group in schedulers.values() if isinstance(schedulers, dict) else [schedulers]:
        for state in group:
            for key in [key for key, value in state.items() if isinstance(value, Unread)]:
                del state[key]
    unread = next((where for state in STATES for where in _unread(content.get(state), state)), None)
    if unread is not None:
        raise ConfigError(
            f'{path} cannot be resumed: {unread} is an object that is not read from files; keep numbers, text, tensors '
            f'or containers of them there, or trust the file with the environment variable {TRUST_VARIABLE}=1'
        )


def _named_tensors(value: object, where: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(value, Tensor):
        yield where, value
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _named_tensors(item, f'{where}.{key}')


def _unread(value: object, where: str) -> Iterator[str]:
    if isinstance(value, Unread):
        yield where
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unread(item, f'{where}.{key}')
