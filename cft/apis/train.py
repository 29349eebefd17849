"""Train and test from a config, as the command-line tools do."""

import gc
import logging
import os
import re

import torch
from mmengine.config import Config
from mmengine.dist import is_distributed
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import distributed
from torch.utils.data import DataLoader

from cft.errors import ConfigError

from .checks import check_config
from .config import innermost_dataset, iterate_dicts
from .drawn_data import draw_missing_data
from .folder_config import complete_folder_config


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
    check_config(cfg)
    draw_missing_data(cfg)
    complete_folder_config(cfg)
    _resume_within_epochs(cfg)
    if not torch.cuda.is_available():
        _adapt_to_cpu(cfg)
    try:
        return Runner.from_cfg(cfg)
    except (TypeError, ValueError, KeyError) as error:
        raise ConfigError(_explain(error, cfg)) from error


def train(cfg: Config) -> Runner:
    """Train as the config says.

    Args:
        cfg: From :func:`cft.apis.load_config`, with ``work_dir`` set.

    Returns:
        The runner after training.

    Raises:
        ConfigError: Before the first step, if something in the config is wrong.

    Example:
        >>> cfg = load_config('configs/quickstart/ce_digits.py')  # doctest: +SKIP
        >>> cfg.work_dir = 'work_dirs/ce'  # doctest: +SKIP
        >>> train(cfg)  # doctest: +SKIP
    """
    runner = build_runner(cfg)
    try:
        # Runner.train() takes a loop that is already built; building it here tells
        # mistakes in the data config from errors of the training itself.
        runner._train_loop = runner.build_train_loop(runner._train_loop)
    except (TypeError, ValueError, KeyError, OSError, RuntimeError) as error:
        raise ConfigError(_explain(error, cfg)) from error
    runner.train()
    _stop_workers(runner.train_dataloader)
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


def _resume_within_epochs(cfg: Config) -> None:
    """Take our loop for MMEngine's epochs, whose resumed runs repeat what an unfinished epoch has done."""
    loop = cfg.get('train_cfg') or {}
    if 'type' not in loop and loop.pop('by_epoch', False):
        loop['type'] = 'cft.ResumableEpochLoop'


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
    if not is_distributed():
        distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def _explain(error: Exception, cfg: Config) -> str:
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
    if isinstance(error, OSError | RuntimeError):
        dataset = innermost_dataset(cfg.get('train_dataloader', {}).get('dataset', {}))
        place = f'{dataset.get("type")} with data_root={dataset.get("data_root")!r}'
        return f'the training data cannot be read ({place}): {message}; put the data there or correct data_root'
    return f'the config cannot be built: {message}'
