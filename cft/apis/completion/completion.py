"""Complete a config from its data and the machine."""

import logging
import os

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.logging import print_log
from torch import distributed

from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError

from .backbone_choice import choose_backbone
from .detection_config import complete_detection_folder
from .domain_config import complete_domain_config
from .drawn_data import draw_missing_data
from .feature_widths import fill_in_channels
from .folder_config import complete_folder_config
from .label_tables import choose_label_source
from .launcher_environment import join_job
from .normalization import complete_normalization
from .segmentation_config import complete_segmentation_config
from .value_range import complete_value_range

# None takes one of these away; of any other hook MMEngine refuses it.
MMENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')


def complete_config(cfg: Config) -> None:
    """Fill in what a config leaves to its data, and what a machine without CUDA needs otherwise.

    - The network that ``backbone`` leaves open is chosen
      (:func:`cft.apis.completion.backbone_choice.choose_backbone`), and the widths of what follows a
      backbone are filled in (:func:`cft.apis.completion.feature_widths.fill_in_channels`).
    - Data that can be drawn are drawn if they are missing
      (:func:`cft.apis.completion.drawn_data.draw_missing_data`).
    - Of domains: the number of classes (:func:`cft.apis.completion.domain_config.complete_domain_config`).
    - Of images with masks: classes, colours and the number of classes
      (:func:`cft.apis.completion.segmentation_config.complete_segmentation_config`).
    - Labels come from folders or from a table (:func:`cft.apis.completion.label_tables.choose_label_source`).
    - ``value_range='dataset'`` is measured
      (:func:`cft.apis.completion.value_range.complete_value_range`).
    - Of an image folder or a table: the number of classes
      (:func:`cft.apis.completion.folder_config.complete_folder_config`).
    - Of own detection data: the kind of the labels and the classes
      (:func:`cft.apis.completion.detection_config.complete_detection_folder`).
    - ``normalization='dataset'`` is measured
      (:func:`cft.apis.completion.normalization.complete_normalization`).
    - A default hook that is None is left out, whoever made it.
    - A data loader without worker processes has none that persist, prefetch or are waited for.
    - Without a CUDA device a distributed job uses gloo, and SyncBN gives way to
      the BatchNorm of each process, with a warning.

    Args:
        cfg: From :func:`cft.apis.load_config`, changed in place.

    Raises:
        ConfigError: If the data are missing or do not fit, or mixed precision
            is asked for without CUDA.

    Example:
        >>> complete_config(cfg)  # doctest: +SKIP
    """
    hooks = cfg.get('default_hooks') or {}
    for name in [name for name, hook in hooks.items() if hook is None and name not in MMENGINE_HOOKS]:
        hooks.pop(name)
    _without_workers(cfg)
    join_job(cfg)
    choose_backbone(cfg)
    fill_in_channels(cfg)
    draw_missing_data(cfg)
    complete_domain_config(cfg)
    complete_segmentation_config(cfg)
    choose_label_source(cfg)
    complete_value_range(cfg)
    complete_folder_config(cfg)
    complete_detection_folder(cfg)
    complete_normalization(cfg)
    if not torch.cuda.is_available():
        _adapt_to_cpu(cfg)


def leads_job(cfg: Config) -> bool:
    """Whether this process is the first of its job, also before the processes have met.

    Example:
        >>> leads_job(Config(dict(launcher='none')))
        True
    """
    if distributed.is_initialized() or cfg.get('launcher', 'none') == 'none':
        return is_main_process()
    return os.environ['RANK'] == '0'


def _without_workers(cfg: Config) -> None:
    """Leave out what PyTorch refuses of a loader that reads in the main process."""
    for split in ('train', 'val', 'test'):
        loader = cfg.get(f'{split}_dataloader') or {}
        if loader.get('num_workers', 0) == 0:
            for name in ('persistent_workers', 'prefetch_factor', 'timeout'):
                loader.pop(name, None)


def _adapt_to_cpu(cfg: Config) -> None:
    if cfg.get('optim_wrapper', {}).get('type') == 'AmpOptimWrapper':
        raise ConfigError('mixed precision (--amp, AmpOptimWrapper) needs a CUDA device, and there is none')
    replace_sync_batch_norm(cfg)
    if cfg.get('launcher', 'none') != 'none':
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    if 'OMP_NUM_THREADS' not in os.environ:
        # Threads beyond the cores spin against the data loader's processes: a step takes ten times as long.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
        torch.set_num_threads(max(1, cores - cfg.get('train_dataloader', {}).get('num_workers', 0)))


def replace_sync_batch_norm(cfg: Config) -> None:
    """Let each process normalise its own images, with a warning; PyTorch's SyncBatchNorm needs CUDA.

    Args:
        cfg: Changed in place.

    Example:
        >>> cfg = Config(dict(model=dict(norm_cfg=dict(type='SyncBN'))))
        >>> replace_sync_batch_norm(cfg)  # doctest: +SKIP
        >>> cfg.model.norm_cfg.type  # doctest: +SKIP
        'cft.LocalBN'
    """
    synchronised = [node for _, node in iterate_dicts(cfg._cfg_dict) if node.get('type') == 'SyncBN']
    for node in synchronised:
        node['type'] = 'cft.LocalBN'
    if synchronised and is_main_process():
        print_log('SyncBN needs CUDA; on CPUs each process normalises its own images', 'current', logging.WARNING)
