"""Start a training up to its first step, write nothing, and tell what it would do."""

import contextlib
import copy
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from cft.engine.hooks import ClusterHook, ProgressBarHook, RegularizerHook, RunCostHook, TerminationHook
from cft.engine.input_shapes import explained_shapes
from cft.engine.seeded_batches import undisturbed_generators
from cft.engine.shortcuts import set_shortcut
from cft.engine.single_values import explained_batches
from cft.errors import ConfigError

from .plan_of_run import describe_run
from .runner import prepare_config
from .training import prepare_runner, stop_workers
from .training_plan import TrainingPlan

# They show, receive signals or work through all images; none of them checks anything.
LEFT_OUT = (ClusterHook, ProgressBarHook, RunCostHook, TerminationHook)


class _Planned(BaseException):
    """The run has come to its first step."""


class _StopHook(Hook):
    """Describe the run when all hooks have made their checks, and end it."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.plan: TrainingPlan | None = None

    def before_train(self, runner: Runner) -> None:
        self.plan = describe_run(runner)
        raise _Planned


def dry_run(cfg: Config) -> TrainingPlan:
    """Tell what a training would do.

    All is built, checked and loaded as in :func:`cft.apis.train`, and a step is
    tried on a few images, for memory and time. Nothing is written: what the run
    would write goes into a temporary folder, and so do data that the first run
    would draw.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set; not changed.

    Returns:
        The plan; ``print`` shows it in about a dozen lines.

    Raises:
        ConfigError: As of :func:`cft.apis.train`, before the first step; or if
            a launcher is named.

    Example:
        >>> print(dry_run(load_config('ce/r50_folder', ['data_root=flowers', 'work_dir=runs'])))  # doctest: +SKIP
    """
    if cfg.get('launcher', 'none') != 'none':
        raise ConfigError(f'a dry run is one process; leave out the launcher {cfg.launcher}')
    work_dir, data_root = str(cfg.work_dir), cfg.get('data_root')
    _check_place(work_dir)
    planned = copy.deepcopy(cfg)
    with tempfile.TemporaryDirectory(prefix='cft_dry_run_') as folder, forgotten_instances(), undisturbed_generators():
        planned.update(work_dir=str(Path(folder, 'work_dir')), resume=False, experiment_name=Path(folder).name)
        drawn = planned.get('drawn_data') is not None and not Path(str(data_root)).exists()
        if drawn:
            set_shortcut(planned._cfg_dict, 'data_root', str(Path(folder, 'data')))
        prepare_config(planned)
        if isinstance(planned.get('visualizer'), dict):
            # Trackers elsewhere would see a run; nor does their shortcut, where there is one, say so then.
            planned.visualizer.vis_backends = []
            planned.pop('tracker', None)
        plan = _start(planned)
    changes: dict = {'work_dir': work_dir}
    if drawn:
        changes['data'] = f'{data_root} (drawn by the first run)'
    return TrainingPlan(**{**vars(plan), **changes})


def _start(cfg: Config) -> TrainingPlan:
    runner = prepare_runner(cfg)
    runner._hooks = [hook for hook in runner.hooks if not isinstance(hook, LEFT_OUT)]
    for hook in runner.hooks:
        if isinstance(hook, RegularizerHook):
            # A step costs the same, whatever would be measured.
            hook.measures = False
    stop = _StopHook()
    runner.register_hook(stop)
    try:
        with explained_batches(), explained_shapes(runner.model):
            runner.train()
    except _Planned:
        pass
    finally:
        stop_workers(runner.train_dataloader)
    assert stop.plan is not None, 'training calls before_train first'
    return stop.plan


def _check_place(work_dir: str) -> None:
    """Whether a work dir could be made and written, without making it."""
    there = next(path for path in (Path(work_dir), *Path(work_dir).absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        what = 'cannot be written' if there.is_dir() else 'is a file'
        raise ConfigError(f'work_dir={work_dir} cannot be made: {there} {what}; give another folder')


@contextlib.contextmanager
def forgotten_instances() -> Iterator[None]:
    """Take away what runners leave in MMEngine's tables of names, so that a process can do many runs.

    Example:
        >>> with forgotten_instances():
        ...     hub = MessageHub.get_instance('a run')
        >>> MessageHub.check_instance_created('a run')
        False
    """
    kinds = (MMLogger, MessageHub, DefaultScope, Visualizer)
    before = [set(kind._instance_dict) for kind in kinds]
    try:
        yield
    finally:
        for kind, names in zip(kinds, before, strict=True):
            for name in set(kind._instance_dict) - names:
                instance = kind._instance_dict.pop(name)
                for handler in list(getattr(instance, 'handlers', ())):
                    handler.close()
