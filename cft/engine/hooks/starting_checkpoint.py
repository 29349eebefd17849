"""Start from the checkpoint that the config names."""

from pathlib import Path
from typing import Literal

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner, find_latest_checkpoint

from cft.engine.starting_checkpoint import start_from
from cft.registry import HOOKS


@HOOKS.register_module()
class StartingCheckpointHook(Hook):
    """Fill the backbone from ``checkpoint``, a top-level name of the config, before training.

    It acts on what the config says when the run begins, so ``checkpoint=FILE``
    works with cft's tools and with those of mmpretrain, mmseg and mmdet. The
    file may come from any of the code bases that
    :func:`cft.checkpoints.load_ssl_backbone` knows; one that does not cover the
    backbone stops the run. ``checkpoint = None`` leaves the model to its own
    initialisation; a test reads ``load_from`` alone, and a run that is resumed
    does without a file that is gone.

    Args:
        weights: ``'ema'`` or ``'model'`` where the file has an EMA copy beside
            the trained weights; None as of :func:`cft.checkpoints.find_named_tensors`.

    Raises:
        ConfigError: Before training, if the model has no backbone, or the file
            does not fill it.

    Example:
        >>> checkpoint = 'moco_v2_800ep.pth.tar'
        >>> default_hooks = dict(starting_checkpoint=dict(type='cft.StartingCheckpointHook'))
    """

    priority = 'VERY_HIGH'

    def __init__(self, weights: Literal['model', 'ema'] | None = None) -> None:
        self.weights = weights

    def before_run(self, runner: Runner) -> None:
        checkpoint = runner.cfg.get('checkpoint')
        # Later, the runner initialises the weights; a runner that only tests does not.
        if checkpoint is None or runner._train_loop is None:
            return
        if _resumes(runner) and not Path(checkpoint).is_file():
            print_log(f'{checkpoint} is gone; the weights are those of the checkpoint that is resumed', 'current')
            return
        start_from(runner.model, checkpoint, self.weights)


def _resumes(runner: Runner) -> bool:
    """Whether there is a checkpoint from which the runner will continue."""
    return bool(runner._resume and (runner._load_from or find_latest_checkpoint(runner.work_dir)))
