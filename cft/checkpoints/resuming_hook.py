"""What is asked of a checkpoint before a run continues from it, or fills its model with it."""

from pathlib import Path

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError

from .latest import find_resumable
from .resumable import check_names, check_resumable


class ResumingHook(CheckpointHook):
    """The reading side of :class:`cft.checkpoints.AtomicCheckpointHook`."""

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint of ``--resume`` without a file; rank 0 looks, and all ranks take the same."""
        if not runner._resume or runner._load_from is not None or '://' in str(self.out_dir):
            return
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
        """Refuse what MMEngine would load in part, or trip over later."""
        path = runner._load_from or 'the checkpoint'
        check_names(checkpoint, path, unwrap_model(runner.model))
        # Later loads, such as the best checkpoint's for a test, are no resume.
        if runner._resume and not runner._has_loaded:
            needed = ['optimizer'] if self.save_optimizer else []
            needed += ['param_schedulers'] if self.save_param_scheduler and runner.param_schedulers else []
            check_resumable(checkpoint, path, needed)

    def _folder(self, runner: Runner) -> Path:
        """Where :meth:`before_train` will write checkpoints."""
        work_dir = Path(runner.work_dir)
        return work_dir if self.out_dir is None else Path(self.out_dir, work_dir.name)
