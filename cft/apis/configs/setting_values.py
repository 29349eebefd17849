"""Values that a setting of the runner cannot have, whatever is built with it."""

import inspect
import math
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from cft.engine.shortcuts import SINGLE_PLACES
from cft.errors import ConfigError

LEVELS = ('CRITICAL', 'FATAL', 'ERROR', 'WARN', 'WARNING', 'INFO', 'DEBUG', 'NOTSET')
SPLITS = ('train', 'val', 'test')


@dataclass(frozen=True)
class Rule:
    """What a setting must be, and the words for it."""

    holds: Callable[[object], bool]
    words: str


def _whole(least: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(least: float, open_end: bool = False, below: float = math.inf) -> Callable[[object], bool]:
    def holds(value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        return (value > least if open_end else value >= least) and value < below

    return holds


POSITIVE = Rule(_whole(1), 'a positive whole number')
COUNT = Rule(_whole(0), 'a whole number of at least 0')
RATE = Rule(_number(0, open_end=True), 'a positive number; with another nothing is trained')
SWITCH = Rule(lambda value: isinstance(value, bool), 'True or False')
SETTINGS = Rule(lambda value: isinstance(value, dict), 'a dict; leave it out for the defaults')


def _is_size(value: object) -> bool:
    return all(map(_whole(1), value)) and len(value) == 2 if isinstance(value, list | tuple) else _whole(1)(value)


def _one_of(*values: object) -> Rule:
    return Rule(lambda value: value in values, f'one of {", ".join(map(str, values))}')


# By place; a setting that is not there, or None where MMEngine takes that, is left to it.
RULES: dict[str, Rule] = {
    'model': SETTINGS,
    'optim_wrapper': SETTINGS,
    'env_cfg': SETTINGS,
    'env_cfg.mp_cfg': SETTINGS,
    'env_cfg.dist_cfg': SETTINGS,
    'env_cfg.cudnn_benchmark': SWITCH,
    'env_cfg.mp_cfg.mp_start_method': _one_of(*multiprocessing.get_all_start_methods()),
    'env_cfg.mp_cfg.opencv_num_threads': COUNT,
    'env_cfg.resource_limit': POSITIVE,
    'randomness': SETTINGS,
    'randomness.seed': Rule(
        lambda value: _whole(0)(value) and value in range(2**32), 'a whole number from 0 to 4294967295'
    ),
    'randomness.deterministic': SWITCH,
    'randomness.diff_rank_seed': SWITCH,
    'log_level': _one_of(*LEVELS, *range(0, 60, 10)),
    'sync_bn': _one_of('torch', 'mmcv'),
    'find_unused_parameters': SWITCH,
    'default_hooks': SETTINGS,
    'default_hooks.logger.interval': POSITIVE,
    'default_hooks.checkpoint.interval': Rule(
        lambda value: value == -1 or _whole(1)(value), 'a positive whole number, or -1 for the last checkpoint only'
    ),
    'log_processor.window_size': POSITIVE,
    'image_size': Rule(_is_size, 'a positive whole number of pixels, or two of them'),
    'train_cfg.max_epochs': POSITIVE,
    'train_cfg.max_iters': POSITIVE,
    'train_cfg.val_interval': POSITIVE,
    'train_cfg.val_begin': COUNT,
    'optim_wrapper.accumulative_counts': POSITIVE,
    'optim_wrapper.optimizer': SETTINGS,
    'optim_wrapper.optimizer.lr': RATE,
    'optim_wrapper.optimizer.momentum': Rule(_number(0, below=1), 'a number from 0 to less than 1'),
    'optim_wrapper.optimizer.weight_decay': Rule(_number(0), 'a number of at least 0'),
    'optim_wrapper.clip_grad.max_norm': RATE,
    'optim_wrapper.clip_grad.clip_value': RATE,
    **{f'{split}_dataloader.batch_size': POSITIVE for split in SPLITS},
    **{f'{split}_dataloader.num_workers': COUNT for split in SPLITS},
    **{
        f'{split}_dataloader.{name}': SWITCH
        for split in SPLITS
        for name in ('drop_last', 'pin_memory', 'persistent_workers')
    },
}
# MMEngine refuses None here.
NEVER_NONE = {
    'env_cfg', 'env_cfg.mp_cfg', 'env_cfg.dist_cfg', 'randomness', 'train_cfg.max_epochs', 'train_cfg.max_iters',
    'train_cfg.val_interval', 'model',
}  # fmt: skip
SHORTCUT_OF = {place: name for name, place in SINGLE_PLACES.items()}


def check_values(cfg: dict) -> None:
    """Check the values of settings that MMEngine would meet late, take for others, or pass over.

    Args:
        cfg: A config's dict, complete or a part.

    Raises:
        ConfigError: Naming the setting, what it must be and what it is.

    Example:
        >>> check_values(dict(train_cfg=dict(max_epochs=0)))
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: train_cfg.max_epochs (epochs) must be a positive whole number, got 0
    """
    for place, rule in RULES.items():
        for value in _values(cfg, place):
            if value is None and place not in NEVER_NONE:
                continue
            if not rule.holds(value):
                name = f'{place} ({SHORTCUT_OF[place]})' if place in SHORTCUT_OF else place
                raise ConfigError(f'{name} must be {rule.words}, got {value!r}')
    _check_compile(cfg.get('compile'))
    _check_clipping(cfg.get('optim_wrapper', {}).get('clip_grad'))


def _values(cfg: dict, place: str) -> Iterator[object]:
    """What stands at a dotted place, if anything."""
    *outer, last = place.split('.')
    node: object = cfg
    for key in outer:
        node = node.get(key) if isinstance(node, dict) else None
    if isinstance(node, dict) and last in node:
        yield node[last]


def check_splits(cfg: dict) -> None:
    """Check that what belongs to a split is there as a whole, or not at all.

    Args:
        cfg: A complete config's dict.

    Raises:
        ConfigError: Naming what is missing, and what it stands beside.

    Example:
        >>> check_splits(dict(val_dataloader=None, val_cfg=None, val_evaluator=None))
    """
    for split in SPLITS:
        parts = [f'{split}_dataloader', f'{split}_cfg', 'optim_wrapper' if split == 'train' else f'{split}_evaluator']
        absent = [part for part in parts if cfg.get(part) is None]
        if absent and len(absent) < len(parts):
            there = ', '.join(part for part in parts if part not in absent)
            remedy = 'give it as well' if split == 'train' else f'set all of them to None to do without {split}'
            raise ConfigError(f'{", ".join(absent)} is None or missing beside {there}; {remedy}')


def _check_clipping(options: object) -> None:
    if not isinstance(options, dict):
        return
    utilities = torch.nn.utils
    clip = utilities.clip_grad_value_ if options.get('type') == 'value' else utilities.clip_grad_norm_
    known = set(inspect.signature(clip).parameters) - {'parameters'}
    for name in options.keys() - known - {'type'}:
        raise ConfigError(
            f'optim_wrapper.clip_grad.{name}: there is no such argument; {clip.__name__} has {sorted(known)}'
        )


def _check_compile(options: object) -> None:
    if options is None or isinstance(options, bool):
        return
    if not isinstance(options, dict):
        raise ConfigError(f'compile must be True, False or a dict of arguments of torch.compile, got {options!r}')
    try:
        torch.compile(torch.nn.Identity(), **options)
    except Exception as error:
        # Each backend and option has an error of its own.
        raise ConfigError(f'compile={options}: torch.compile refuses it: {" ".join(str(error).split())}') from error
