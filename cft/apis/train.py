"""Train and test from a config, as the command-line tools do."""

import contextlib
import gc
import logging
import os
import re

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import distributed
from torch.utils.data import DataLoader

from cft.engine.hooks import TerminationHook
from cft.engine.rank_failures import limit_waiting, named_rank_failures
from cft.errors import ConfigError

from .checks import check_config
from .config import innermost_dataset, iterate_dicts
from .drawn_data import draw_missing_data
from .folder_config import complete_folder_config
from .record import record_start

RESUMABLE_LOOPS = {'EpochBasedTrainLoop': 'cft.ResumableEpochLoop', 'IterBasedTrainLoop': 'cft.ResumableIterLoop'}
RESUMING_HOOKS = {'accumulated_gradients': 'cft.AccumulatedGradientsHook', 'termination': 'cft.TerminationHook'}


def build_runner(cfg: Config) -> Runner:
    """Check a config and build its runner; nothing has been trained yet.

    Without a CUDA device a distributed job uses gloo on CPUs.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set.

    Returns:
        The runner, its model built.

    Raises:
        ConfigError: If the config, its data folder or its checkpoint is wrong.

    Example:
        >>> runner = build_runner(cfg)  # doctest: +SKIP
    """
    if 'model' not in cfg:
        raise ConfigError(f'config {cfg.filename} has no model; is it a complete config, or one for _base_?')
    check_config(cfg)
    if cfg.get('launcher', 'none') != 'none':
        _enter_job(cfg)
    draw_missing_data(cfg)
    complete_folder_config(cfg)
    _make_resumable(cfg)
    if not torch.cuda.is_available():
        _adapt_to_cpu(cfg)
    try:
        return Runner.from_cfg(cfg)
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        raise ConfigError(_explain(error, cfg)) from error


def train(cfg: Config) -> Runner:
    """Train as the config says.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set.

    Returns:
        The runner after training.

    Raises:
        ConfigError: Before the first step, if something in the config is wrong;
            later, if an image cannot be read, too many steps are not finite, or
            another process of the job is lost.
        TrainingStopped: A ``SystemExit``, after SIGTERM or SIGUSR1 and a checkpoint.

    Example:
        >>> cfg = load_config('configs/quickstart/ce_digits.py')  # doctest: +SKIP
        >>> cfg.work_dir = 'work_dirs/ce'  # doctest: +SKIP
        >>> train(cfg)  # doctest: +SKIP
    """
    with named_rank_failures():
        runner = _prepare(cfg)
    try:
        with named_rank_failures():
            runner.train()
    finally:
        _stop_workers(runner.train_dataloader)
        for hook in runner.hooks:
            if isinstance(hook, TerminationHook):
                # Processes that are lost cannot take leave.
                with contextlib.suppress(RuntimeError):
                    hook.release()
    return runner


def _prepare(cfg: Config) -> Runner:
    """A runner with its training data and optimiser, so that mistakes in them are told from errors of the training."""
    runner = build_runner(cfg)
    try:
        # Runner.train() takes what is already built.
        runner._train_loop = runner.build_train_loop(runner._train_loop)
    except (TypeError, ValueError, KeyError, OSError, RuntimeError, AssertionError) as error:
        raise ConfigError(_explain(error, cfg, reads_data=True)) from error
    try:
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        raise ConfigError(_explain(error, cfg)) from error
    record_start(runner)
    return runner


def leave_process_group() -> None:
    """End a distributed job in order; does nothing in a single process.

    Gloo's threads hold tensors that Python made. Alive when the interpreter
    ends, they can abort the process, so every model that holds the group goes
    first.
    """
    if distributed.is_available() and distributed.is_initialized():
        gc.collect()
        distributed.destroy_process_group()
        gc.collect()


def _stop_workers(dataloader: DataLoader) -> None:
    """End persistent worker processes; left to garbage collection, each would be waited for 5 seconds."""
    if dataloader._iterator is not None:
        dataloader._iterator._shutdown_workers()
        dataloader._iterator = None


@named_rank_failures()
def test(cfg: Config) -> dict[str, float]:
    """Evaluate ``cfg.load_from`` on the test split.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` and ``load_from`` set.

    Returns:
        The metrics.

    Raises:
        ConfigError: If something in the config is wrong, or there is no checkpoint.
    """
    if not cfg.get('load_from'):
        raise ConfigError('no checkpoint to test; name one after the config')
    return build_runner(cfg).test()


def _make_resumable(cfg: Config) -> None:
    """Take our loops for MMEngine's, and add the hooks without which an interrupted run loses something.

    ``mmengine.EpochBasedTrainLoop``, with its scope, and None for a hook say no.
    """
    loop = cfg.get('train_cfg') or {}
    if 'by_epoch' in loop and 'type' not in loop:
        loop['type'] = 'EpochBasedTrainLoop' if loop.pop('by_epoch') else 'IterBasedTrainLoop'
    if loop.get('type') in RESUMABLE_LOOPS:
        loop['type'] = RESUMABLE_LOOPS[loop['type']]
    hooks = cfg.setdefault('default_hooks', {})
    for name, hook in RESUMING_HOOKS.items():
        if hooks.setdefault(name, dict(type=hook)) is None:
            # MMEngine takes None for its own hooks only.
            hooks.pop(name)


def _enter_job(cfg: Config) -> None:
    """Limit how long processes wait for each other; without CUDA, MMEngine cannot make their group itself."""
    timeout = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
    if timeout is not None:
        limit_waiting(timeout)
    if not torch.cuda.is_available() and not distributed.is_initialized():
        distributed.init_process_group('gloo')


def _adapt_to_cpu(cfg: Config) -> None:
    if cfg.get('optim_wrapper', {}).get('type') == 'AmpOptimWrapper':
        raise ConfigError('mixed precision (--amp, AmpOptimWrapper) needs a CUDA device, and there is none')
    _replace_sync_batch_norm(cfg)
    if cfg.get('launcher', 'none') != 'none':
        _use_cpu_processes(cfg)
    if 'OMP_NUM_THREADS' not in os.environ:
        # Threads beyond the cores spin against the data loader's processes: a step takes ten times as long.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
        torch.set_num_threads(max(1, cores - cfg.get('train_dataloader', {}).get('num_workers', 0)))


def _replace_sync_batch_norm(cfg: Config) -> None:
    synchronised = [node for _, node in iterate_dicts(cfg._cfg_dict) if node.get('type') == 'SyncBN']
    for node in synchronised:
        node['type'] = 'cft.LocalBN'
    if synchronised:
        print_log('SyncBN needs CUDA; on CPUs each process normalises its own images', 'current', logging.WARNING)


def _use_cpu_processes(cfg: Config) -> None:
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def _explain(error: Exception, cfg: Config, reads_data: bool = False) -> str:
    """One line for what a constructor raised, with the place of an unknown argument in the config."""
    if isinstance(error, ConfigError):
        return str(error)
    message = ' '.join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    unknown = re.search(r"unexpected keyword argument '(\w+)'", message)
    if unknown:
        name = unknown.group(1)
        places = [f'{where}.{name}' for where, node in iterate_dicts(cfg._cfg_dict) if where and name in node]
        if places:
            return f'{" or ".join(places)}: there is no such argument; remove it or correct its name ({message})'
    if reads_data and isinstance(error, OSError | RuntimeError | AssertionError):
        dataset = innermost_dataset(cfg.get('train_dataloader', {}).get('dataset', {}))
        place = f'{dataset.get("type")} with data_root={dataset.get("data_root")!r}'
        return f'the training data cannot be read ({place}): {message}; put the data there or correct data_root'
    return f'the config cannot be built: {message}'
