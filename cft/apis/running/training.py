"""Train and test from a config, as the command-line tools do."""

import contextlib
import gc
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner
from torch import distributed
from torch.utils.data import DataLoader

from cft.apis.completion.completion import leads_job
from cft.apis.configs.tracker_keys import hide_secrets
from cft.engine.hooks import TerminationHook
from cft.engine.hooks.batch_size_check import require_steps
from cft.engine.input_shapes import explained_shapes
from cft.engine.rank_failures import named_rank_failures
from cft.engine.single_values import explained_batches
from cft.engine.sole_run import sole_run
from cft.errors import ConfigError

from .record import record_start
from .runner import EvaluationRunner, TrainingRunner, build_runner, explained_errors, prepare_config


def train(cfg: Config, resume: bool | str | Path = False) -> Runner:
    """Train as the config says.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set.
        resume: Continue from the newest checkpoint of the work dir (True), or
            from a file. The config of the run does not say so: what one reads
            there is the run from its beginning.

    Returns:
        The runner after training.

    Raises:
        ConfigError: Before the first step, if something in the config is wrong
            or another run is in the work dir; later, if an image cannot be read, too many steps are not finite, or
            another process of the job is lost.
        TrainingStopped: A ``SystemExit``, after SIGTERM, SIGINT or SIGUSR1 and a checkpoint.

    Example:
        >>> from cft.apis import load_config
        >>> cfg = load_config('quickstart/ce_digits', {'work_dir': 'work_dirs/ce'})
        >>> train(cfg)  # doctest: +SKIP
    """
    with contextlib.ExitStack() as stack:
        with named_rank_failures():
            prepare_config(cfg, starts=not (resume or cfg.get('resume')))
            if leads_job(cfg):
                stack.enter_context(sole_run(cfg.work_dir, f'training of {Path(cfg.filename or "a config").stem}'))
            runner = prepare_runner(cfg, resume)
            record_start(runner, hide_secrets(sys.argv, cfg))
        try:
            with named_rank_failures(), explained_batches(), explained_shapes(runner.model):
                runner.train()
        finally:
            stop_workers(runner.train_dataloader)
            for hook in runner.hooks:
                if isinstance(hook, TerminationHook):
                    # Processes that are lost cannot take leave.
                    with contextlib.suppress(RuntimeError):
                        hook.release()
    return runner


def prepare_runner(cfg: Config, resume: bool | str | Path = False) -> Runner:
    """A runner with its training data and optimiser, so that mistakes in them are told from errors of the training.

    Args:
        cfg: Checked and completed.
        resume: As of :func:`train`.

    Example:
        >>> prepare_runner(cfg)  # doctest: +SKIP
    """
    asked, cfg.resume = cfg.get('resume', False), False
    with explained_errors(cfg):
        runner = TrainingRunner.from_cfg(cfg)
    if resume or asked:
        runner._resume = True
        if resume:
            runner._load_from = None if resume is True else str(resume)
    with explained_errors(cfg, reads_data='train'):
        # Runner.train() takes what is already built.
        runner._train_loop = runner.build_train_loop(runner._train_loop)
    # Schedules by epochs of no step raise otherwise, before any hook is asked.
    require_steps(runner.train_dataloader)
    with explained_errors(cfg):
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    return runner


@named_rank_failures()
def test(cfg: Config) -> dict[str, float]:
    """Evaluate ``cfg.load_from`` on the test split.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` and
            ``load_from`` set; it may be the one that a training left in its
            work dir.

    Returns:
        The metrics.

    Raises:
        ConfigError: If something in the config is wrong, or there is no checkpoint.

    Example:
        >>> cfg = load_config('work_dirs/ce', {'load_from': 'work_dirs/ce/iter_80.pth'})  # doctest: +SKIP
        >>> test(cfg)  # doctest: +SKIP
        {'accuracy/top1': 94.2}
    """
    if not cfg.get('load_from'):
        raise ConfigError('no checkpoint to test; name one after the config')
    cfg.resume = False
    if cfg.get('test_dataloader') is None:
        raise ConfigError(
            f'{cfg.filename} has no test data (test_dataloader is None); give a config that says what to test on'
        )
    runner = build_runner(cfg, EvaluationRunner)
    with explained_errors(cfg, reads_data='test'):
        # Runner.test() takes what is already built.
        runner._test_loop = runner.build_test_loop(runner._test_loop)
    with explained_shapes(runner.model):
        return runner.test()


def leave_process_group() -> None:
    """End a distributed job in order; does nothing in a single process.

    Gloo's threads hold tensors that Python made. Alive when the interpreter
    ends, they can abort the process, so every model that holds the group goes
    first.

    Example:
        >>> leave_process_group()
    """
    if distributed.is_available() and distributed.is_initialized():
        gc.collect()
        distributed.destroy_process_group()
        gc.collect()


def stop_workers(dataloader: DataLoader) -> None:
    """End persistent worker processes; left to garbage collection, each would be waited for 5 seconds.

    Example:
        >>> stop_workers(runner.train_dataloader)  # doctest: +SKIP
    """
    if dataloader._iterator is not None:
        dataloader._iterator._shutdown_workers()  # type: ignore[attr-defined]  # persistent ones have it
        dataloader._iterator = None
