"""What MMEngine's early stopping has counted, kept in checkpoints."""

from mmengine.hooks import EarlyStoppingHook, Hook
from mmengine.runner import Runner

COUNTED = 'early_stopping'


class EarlyStoppingRecord(Hook):
    """Let the count and the best score of each ``EarlyStoppingHook`` survive a resume.

    A run that had stopped for them stops again, at once.
    """

    # Before CheckpointHook, which may write its checkpoint again after a validation.
    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        counted = runner.message_hub.get_info(COUNTED)
        hooks = early_stopping_hooks(runner)
        if not isinstance(counted, list) or [entry.get('monitor') for entry in counted] != [h.monitor for h in hooks]:
            return
        for hook, entry in zip(hooks, counted, strict=True):
            hook.best_score, hook.wait_count = entry['best_score'], entry['wait_count']
            if hook.wait_count >= hook.patience:
                runner.train_loop.stop_training = True
                runner.logger.warning(
                    f'The run had stopped early: {hook.monitor} did not improve in {hook.wait_count} validations, '
                    f'patience is {hook.patience}; raise it to go on'
                )

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        counted = [
            {'monitor': hook.monitor, 'best_score': hook.best_score, 'wait_count': hook.wait_count}
            for hook in early_stopping_hooks(runner)
        ]
        runner.message_hub.update_info(COUNTED, counted)


def record_early_stopping(runner: Runner) -> None:
    """Let early stopping, if there is any, count before checkpoints are written, and its counts be kept in them."""
    for hook in early_stopping_hooks(runner):
        runner._hooks.remove(hook)
        runner.register_hook(hook, priority='LOW')
    if early_stopping_hooks(runner):
        runner.register_hook(EarlyStoppingRecord())


def early_stopping_hooks(runner: Runner) -> list[EarlyStoppingHook]:
    """Those of a run, in the order in which they are called."""
    return [hook for hook in runner.hooks if isinstance(hook, EarlyStoppingHook)]
