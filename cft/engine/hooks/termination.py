"""Save and leave when the scheduler or Ctrl-C asks for it."""

import logging
import os

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, EMAHook
from mmengine.runner import BaseLoop, Runner

from cft.engine.checkpointing import write_record
from cft.engine.stop_signals import Agreement, StopSignals, TrainingStopped, shield_workers
from cft.registry import HOOKS

FILE = 'interrupted.pth'


@HOOKS.register_module()
class TerminationHook(CheckpointHook):
    """Save a checkpoint after SIGTERM, SIGUSR1 or Ctrl-C, and end the run so that ``--resume`` continues it exactly.

    Schedulers send these signals before they take a machine away (Slurm:
    ``--signal=USR1@120``, pre-emption); Ctrl-C sends SIGINT. Any rank may
    receive them. All ranks finish the step that follows, the first one writes
    ``interrupted.pth`` beside the other checkpoints, ``last_checkpoint`` names
    it, and the process group is left in order. In a validation the run stops after the current batch,
    and the resumed run repeats it; if the ranks have different numbers of
    batches there, it stops after the validation's end. A later interruption of
    the same run overwrites the file; it is never removed.

    The exit code is 75 (``EX_TEMPFAIL``: try again): all is saved. It is 1 if
    the file could not be written. A second signal, two seconds later or more,
    ends the process at once with the signal's own code (143, 138, 130), as does
    one before training has begun, when there is nothing to save. torchrun gives 1
    in all these cases, ``tools/dist_train.sh`` where it is signalled itself: it
    gives its processes 30 seconds to save.

    ``cft.apis.build_runner`` gives it to every config;
    ``default_hooks = dict(termination=None)`` keeps it away. In threads other
    than the main one signals cannot be received.

    On several ranks, each iteration costs one collective of one number over
    gloo, which nothing waits for.

    Example:
        >>> default_hooks = dict(termination=dict(type='cft.TerminationHook'))
    """

    # A CheckpointHook, so that hooks which prepare for checkpoints see this one coming;
    # the last one, when all others have brought their state up to date.
    priority = 'LOWEST'

    def __init__(self) -> None:
        super().__init__(interval=-1, by_epoch=False, save_last=False)
        self._signals = StopSignals()
        self._agreement: Agreement | None = None
        self._stopping = False

    def before_run(self, runner: Runner) -> None:
        """Before hooks read training data: workers keep how they were started."""
        if isinstance(runner._train_loop, BaseLoop):
            shield_workers(runner.train_dataloader)
            if runner.val_loop is not None:
                shield_workers(runner.val_dataloader)

    def before_train(self, runner: Runner) -> None:
        self._signals.install()
        self._agreement = Agreement()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: object = None) -> None:
        self._stopping = self._ranks.any(self._asked)

    def every_n_train_iters(self, runner: Runner, n: int, start: int = 0) -> bool:
        """Whether this iteration ends with a checkpoint of this hook."""
        return self._stopping

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        if self._stopping:
            self._stop(runner, iteration=runner.iter + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        if self._agreement is not None:
            self._stops_in_validation = self._agreement.same_now(len(runner.val_dataloader))

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: object = None) -> None:
        if self._agreement is None or not self._stops_in_validation or not self._agreement.any(self._asked):
            return
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):
                # It has exchanged the weights for the validation.
                hook.after_val_epoch(runner)
        self._stop(runner, iteration=runner.iter)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Nothing is chosen here."""

    def after_train(self, runner: Runner) -> None:
        self._ranks.close()
        self._agreement = None
        self.release()

    def release(self) -> None:
        """Give the signals back, also after an error; safe to call twice."""
        self._signals.restore()

    @property
    def _ranks(self) -> Agreement:
        assert self._agreement is not None, 'training has begun'
        return self._agreement

    @property
    def _asked(self) -> bool:
        return self._signals.received is not None

    def _stop(self, runner: Runner, iteration: int) -> None:
        received = self._signals.received
        source = 'a signal to another process' if received is None else received.name
        runner.logger.warning(f'{source}: saving after iteration {iteration}, then leaving')
        saved = self._ranks.all_now(self._save(runner, iteration))
        if saved:
            runner.logger.warning(f'Saved {FILE}; the same command with --resume continues')
        runner.visualizer.close()
        self._ranks.close()
        raise TrainingStopped(os.EX_TEMPFAIL if saved else 1)

    def _save(self, runner: Runner, iteration: int) -> bool:
        """Write the checkpoint where the run's others are; False if that fails, or on ranks that write nothing True."""
        others = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook) and hook is not self]
        folder = str(others[0].out_dir) if others else runner.work_dir
        backend_args = others[0].backend_args if others else None
        meta = dict(epoch=runner.epoch, iter=iteration)
        try:
            runner.save_checkpoint(folder, FILE, meta=meta, by_epoch=False, backend_args=backend_args)
            if is_main_process():
                write_record(runner.work_dir, f'{folder.rstrip("/")}/{FILE}')
        except OSError as error:
            runner.logger.log(logging.ERROR, f'{FILE} was not written to {folder} ({error.strerror or error})')
            return False
        return True
