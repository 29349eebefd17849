"""Data sets that a config can do without having: drawn when they are first needed."""

import difflib
import inspect
import os
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import all_gather_object, init_dist, is_distributed, is_main_process
from mmengine.logging import print_log
from mmengine.registry import FUNCTIONS

from cft.datasets.synthetic import FolderOccupied, draw_digit_domains, draw_shapes, read_record
from cft.errors import ConfigError

from .launcher_environment import join_job

DRAWINGS: dict[str, Callable[..., object]] = {'shapes': draw_shapes, 'digit_domains': draw_digit_domains}
# Every type that a config names is a registered one; that is what configs are checked for.
for name, draw in DRAWINGS.items():
    FUNCTIONS.register_module(name=name, module=draw)


def draw_missing_data(cfg: Config) -> None:
    """Draw the data set of a config whose ``data_root`` does not exist.

    ``drawn_data = dict(type='shapes', num_train=100)`` beside ``data_root``
    names one of :data:`DRAWINGS` and arguments of its function. In a
    distributed job one process draws while the others wait, and then one of
    each machine that does not share its disk. Configs without ``drawn_data``
    are left alone, and so is a folder that exists: one that was drawn otherwise
    than the config says is told in a warning.

    Args:
        cfg: The config.

    Raises:
        ConfigError: If the type or an argument is unknown or out of range,
            ``data_root`` is missing, or the folder cannot be written; on every
            process of a job.

    Example:
        >>> draw_missing_data(Config(dict(data_root='data/shapes', drawn_data=dict(type='shapes'))))  # doctest: +SKIP
    """
    if cfg.get('drawn_data') is None:
        return
    kind, arguments = _check(cfg)
    join_process_group(cfg)
    # The second turn is for machines that do not see the main process's disk.
    for draws in (is_main_process(), os.environ.get('LOCAL_RANK', '0') == '0'):
        error = None
        if draws and not Path(cfg.data_root).exists():
            try:
                _draw(cfg.data_root, kind, arguments)
            except ConfigError as caught:
                error = str(caught)
        errors = [message for message in all_gather_object(error) if message]
        if errors:
            raise ConfigError(errors[0])
    if is_main_process():
        _compare(cfg.data_root, kind, arguments)


def _check(cfg: Config) -> tuple[str, dict]:
    """Type and arguments of the drawing."""
    if not isinstance(cfg.drawn_data, dict):
        raise ConfigError(f"drawn_data must be a dict such as dict(type='shapes'), got {cfg.drawn_data!r}")
    arguments = dict(cfg.drawn_data)
    kind = arguments.pop('type', None)
    if kind not in DRAWINGS:
        raise ConfigError(f'drawn_data.type must be one of {sorted(DRAWINGS)}, got {kind!r}')
    known = list(_defaults(DRAWINGS[kind]))
    for name in arguments:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f'did you mean {near[0]!r}?' if near else f'there are {", ".join(known)}'
            raise ConfigError(f'drawn_data.{name}: {kind!r} has no such argument; {hint}')
    if not isinstance(cfg.get('data_root'), str) or not cfg.data_root:
        raise ConfigError('drawn_data needs data_root, the folder to draw into; add data_root = ... beside it')
    return kind, arguments


def _defaults(draw: Callable) -> dict:
    """The arguments that say what is drawn, with their defaults."""
    parameters = inspect.signature(draw).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in ('root', 'on_image')}


def join_process_group(cfg: Config) -> None:
    """Enter the job's process group as the runner would do later.

    Example:
        >>> join_process_group(Config(dict(launcher='none')))
    """
    if cfg.get('launcher', 'none') == 'none' or is_distributed():
        return
    join_job(cfg)
    if torch.cuda.is_available():
        init_dist(cfg.launcher, **cfg.get('env_cfg', {}).get('dist_cfg', {}))


def _draw(root: str, kind: str, arguments: dict) -> None:
    try:
        DRAWINGS[kind](root, **arguments)
    except FolderOccupied:
        # Another job was faster; its folder is complete, and _compare tells if it is not what was asked for.
        return
    print_log(f'drew the data set {kind!r} into {root} (look at {Path(root) / "preview.png"})', 'current')


def _compare(root: str, kind: str, arguments: dict) -> None:
    record = read_record(root)
    if record is None:
        return
    asked = {'type': kind, 'arguments': _defaults(DRAWINGS[kind]) | arguments}
    found = {key: record.get(key) for key in asked}
    if found != asked:
        print_log(f'{root} holds {found}, the config asks for {asked}; what is there is used', 'current', 30)
