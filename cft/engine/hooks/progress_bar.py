"""A live progress bar on a terminal, MMEngine's plain log lines elsewhere."""

import atexit
import logging
import sys
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cft.registry import HOOKS


class _DropTrainLines(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return '(train)' not in str(record.msg)[:16]


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Show losses, iterations and the time left in one line that updates itself.

    Where standard output is no terminal (a file, a pipe, a scheduler's log) or
    on any rank but the first, it does nothing, and MMEngine's log lines tell
    the progress. On a terminal those lines still go to the log file; other
    messages appear above the bar.

    Args:
        interval: Iterations between updates of the losses shown.

    Example:
        >>> default_hooks = dict(progress_bar=dict(type='cft.ProgressBarHook'))
    """

    priority = 'LOW'

    def __init__(self, interval: int = 1) -> None:
        self.interval = interval
        self._progress: Progress | None = None

    def before_train(self, runner: Runner) -> None:
        if not (is_main_process() and sys.stdout.isatty()):
            return
        self._streams = [
            (handler, handler.stream) for handler in runner.logger.handlers if type(handler) is logging.StreamHandler
        ]
        self._filter = _DropTrainLines()
        self._progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn('ETA'),
            TimeRemainingColumn(),
            TextColumn('{task.fields[losses]}'),
            console=Console(file=sys.stdout),
            refresh_per_second=4,
        )
        self._progress.start()
        # An interrupted run must give the cursor back as well.
        atexit.register(self.close)
        for handler, _ in self._streams:
            handler.setStream(sys.stdout)
            handler.addFilter(self._filter)
        self._task = self._progress.add_task('train', total=runner.max_iters, completed=runner.iter, losses='')

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        if self._progress is None:
            return
        done = runner.iter + 1
        fields: dict[str, Any] = {}
        if done % self.interval == 0 or done == runner.max_iters:
            losses = {name: float(value) for name, value in (outputs or {}).items() if 'loss' in name}
            fields['losses'] = '  '.join(f'{name} {value:.3f}' for name, value in losses.items())
        self._progress.update(self._task, completed=done, **fields)

    def after_train(self, runner: Runner) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar and give the log its own stream back; safe to call twice."""
        if self._progress is None:
            return
        atexit.unregister(self.close)
        self._progress.stop()
        self._progress = None
        for handler, stream in self._streams:
            handler.removeFilter(self._filter)
            handler.setStream(stream)
