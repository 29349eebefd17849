"""Checkpoints that survive a kill, a full disk and a flipped bit."""

from mmengine.dist import is_main_process, master_only
from mmengine.fileio import LocalBackend
from mmengine.runner import Runner

from cft.checkpoints import with_check_sums
from cft.errors import ConfigError
from cft.registry import HOOKS

from .failures import MissingFiles, prepare_folder
from .latest import write_record
from .resuming_hook import ResumingHook
from .scores import comparable_scores

# What MMEngine's hook keeps of the best checkpoints, by metric if there are several.
BEST = ('best_score', 'best_ckpt')


@HOOKS.register_module()
class AtomicCheckpointHook(ResumingHook):
    """MMEngine's ``CheckpointHook`` that loses no work.

    - A checkpoint has its name only once it is completely on disk. Only then
      ``last_checkpoint`` names it and older ones are removed, the best one too,
      so there must be room for one more than ``max_keep_ckpts``.
    - If one cannot be written (full disk, lost permission), the previous ones
      stay, an error in the log tells the reason, training goes on, and the next
      one is tried in its turn. Training does not stop: the state in memory is
      newer than any file, and space may be found before the next one is due.
      If the last one of the run is missing, the run ends with an error.
    - A figure that is nan, infinite or COCO's -1 makes no best checkpoint.
    - ``--resume`` without a file takes the newest complete checkpoint
      (:func:`find_resumable`); one that lacks what a resumed run needs, or
      shares no name with the model, is refused.

    Args:
        kwargs: Those of :class:`mmengine.hooks.CheckpointHook`.

    Raises:
        ConfigError: Before training, if the folder cannot be written or no
            checkpoint is complete; at a validation that lacks the metric of
            ``save_best``; after training, if the last one was not written.

    Example:
        >>> default_hooks = dict(checkpoint=dict(type='cft.AtomicCheckpointHook', interval=1, max_keep_ckpts=2))
    """

    last_ckpt: str | None

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._missing = MissingFiles()

    def before_train(self, runner: Runner) -> None:
        super().before_train(runner)
        if is_main_process() and isinstance(self.file_backend, LocalBackend):
            for path in prepare_folder(self.out_dir):
                runner.logger.info(f'Removed {path}, which an interrupted run left')

    def after_run(self, runner: Runner) -> None:
        self._missing.raise_if_any()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        before = self.last_ckpt, list(getattr(self, 'keep_ckpt_ids', []))
        outdated, written = self._register(runner, step), self._path(step)
        try:
            with with_check_sums():
                runner.save_checkpoint(
                    self.out_dir,
                    self.filename_tmpl.format(step),
                    self.file_client_args,
                    save_optimizer=self.save_optimizer,
                    save_param_scheduler=self.save_param_scheduler,
                    meta=meta,
                    by_epoch=self.by_epoch,
                    backend_args=self.backend_args,
                    **self.args,
                )
            if is_main_process():
                write_record(runner.work_dir, written)
        except OSError as error:
            self._missing.add('last', written, error)
            self._restore(runner, *before)
            return
        self._missing.discard('last')
        self._remove(outdated)

    def _register(self, runner: Runner, step: int) -> list[str]:
        """Enter a step into the records that the checkpoint itself holds; returns the files that it outdates."""
        outdated = []
        if self.max_keep_ckpts > 0 and (not self.keep_ckpt_ids or self.keep_ckpt_ids[-1] != step):
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated.append(self._path(self.keep_ckpt_ids.popleft()))
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        self.last_ckpt = self._path(step)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        return outdated

    def _restore(self, runner: Runner, last_ckpt: str | None, steps: list[int]) -> None:
        self.last_ckpt = last_ckpt
        runner.message_hub.update_info('last_ckpt', last_ckpt)
        if self.max_keep_ckpts > 0:
            self.keep_ckpt_ids.clear()
            self.keep_ckpt_ids.extend(steps)
            runner.message_hub.update_info('keep_ckpt_ids', steps)

    def _path(self, step: int) -> str:
        return self.file_backend.join_path(self.out_dir, self.filename_tmpl.format(step))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        info = runner.message_hub.runtime_info
        before = {key: value for key, value in info.items() if key.startswith(BEST)}
        # MMEngine removes the previous best files that it knows of before it writes the next.
        previous, self._best = self._best, {}
        try:
            with with_check_sums():
                super()._save_best_checkpoint(runner, self._scores(runner, metrics))
        except OSError as error:
            self._missing.add('best', ', '.join(self._best.values()), error)
            for key in [key for key in info if key.startswith(BEST)]:
                del info[key]
            info.update(before)
            self._best = previous
            return
        if self._best:
            self._missing.discard('best')
        self._remove([path for key, path in previous.items() if self._best.get(key, path) != path])
        self._best = previous | self._best

    def _scores(self, runner: Runner, metrics: dict) -> dict:
        lacking = [key for key in self.key_indicators if key != 'auto' and key not in metrics]
        if lacking:
            raise ConfigError(f'save_best={lacking[0]!r} is no metric of this validation; choose of {list(metrics)}')
        scores = comparable_scores(metrics)
        for key in self.key_indicators:
            if key in scores and scores[key] is None:
                runner.logger.warning(
                    f'{key} is {metrics[key]}, which says nothing of the model: not the best checkpoint'
                )
        return scores

    @property
    def _best(self) -> dict[str, str]:
        """Path of the best checkpoint by metric, '' for a single one."""
        paths = {'': self.best_ckpt_path} if len(self.key_indicators) == 1 else self.best_ckpt_path_dict
        return {key: path for key, path in paths.items() if path}

    @_best.setter
    def _best(self, paths: dict[str, str]) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = paths.get('')
        else:
            self.best_ckpt_path_dict = {key: paths.get(key) for key in self.key_indicators}

    @master_only
    def _remove(self, paths: list[str]) -> None:
        for path in paths:
            if self.file_backend.isfile(path):
                self.file_backend.remove(path)
