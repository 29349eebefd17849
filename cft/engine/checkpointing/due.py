"""When checkpoints are written."""

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner


def saves_after_iteration(runner: Runner) -> bool:
    """Whether a hook is about to write a checkpoint in ``after_train_iter``.

    Only the first rank writes, and others learn of it by this function alone:
    what they hold must have reached the first rank before.

    Example:
        >>> if saves_after_iteration(runner):  # doctest: +SKIP
        ...     gathered = gather_rows(rows)
    """
    return any(_due_after_iteration(hook, runner) for hook in runner.hooks if isinstance(hook, CheckpointHook))


def saves_after_epoch(runner: Runner) -> bool:
    """Whether a hook is about to write a checkpoint in ``after_train_epoch``; see :func:`saves_after_iteration`.

    Example:
        >>> if saves_after_epoch(runner):  # doctest: +SKIP
        ...     gathered = gather_rows(rows)
    """
    return any(_due_after_epoch(hook, runner) for hook in runner.hooks if isinstance(hook, CheckpointHook))


def _due_after_iteration(hook: CheckpointHook, runner: Runner) -> bool:
    if hook.by_epoch:
        return False
    due = hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
    return due or (hook.save_last and hook.is_last_train_iter(runner))


def _due_after_epoch(hook: CheckpointHook, runner: Runner) -> bool:
    if not hook.by_epoch:
        return False
    due = hook.every_n_epochs(runner, hook.interval, hook.save_begin)
    return due or (hook.save_last and hook.is_last_train_epoch(runner))
