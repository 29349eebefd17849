"""Which iterations of a training are logged."""

from mmengine.hooks import LoggerHook
from mmengine.runner import Runner


def is_logged(runner: Runner, batch_idx: int) -> bool:
    """Whether the logger writes a line after this iteration.

    What the device must be asked for is asked then, and waits for it once an interval.

    Args:
        runner: That trains.
        batch_idx: As hooks are given it.

    Example:
        >>> [is_logged(runner, batch_idx) for batch_idx in range(4)]  # with interval=2  # doctest: +SKIP
        [False, True, False, True]
    """
    return any(_writes(hook, runner, batch_idx) for hook in runner.hooks if isinstance(hook, LoggerHook))


def _writes(hook: LoggerHook, runner: Runner, batch_idx: int) -> bool:
    if hook.every_n_inner_iters(batch_idx, hook.interval):
        return True
    short = len(runner.train_dataloader) <= hook.interval
    return hook.end_of_epoch(runner.train_dataloader, batch_idx) and (short or not hook.ignore_last)
