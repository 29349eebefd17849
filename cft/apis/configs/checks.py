"""Find the mistakes in a config that can be found before anything is built."""

import difflib
from importlib import import_module
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry, root

from cft.engine.config_nodes import iterate_dicts
from cft.engine.hooks.config_check import check_settings
from cft.errors import ConfigError

from .component_names import find_component, registries_of, scopes_with, similar_name
from .setting_values import check_values
from .trackers import check_trackers

# Under these keys mmdet names a function or layer of mmcv.ops, which no registry knows.
OPERATOR_KEYS = ('.nms', '.roi_layer')


def check_config(cfg: Config, starts: bool = True) -> None:
    """Check that every named part is registered, every checkpoint exists, and settings agree with each other.

    Args:
        cfg: The config as it was read; what is left to the data need not be filled in.
        starts: Whether a training begins with it: one that is resumed, and a
            test, need no ``checkpoint`` any more.

    Raises:
        ConfigError: Naming the place in the config, what stands there and what
            may be meant.
    """
    check_values(cfg._cfg_dict)
    scope = cfg.get('default_scope') or 'mmengine'
    registries = registries_of(scope)
    with DefaultScope.overwrite_default_scope(scope):
        for where, node in iterate_dicts(cfg._cfg_dict):
            if isinstance(node.get('type'), str):
                check = _check_operator if where.endswith(OPERATOR_KEYS) else _check_name
                check(registries, f'{where}.type', node['type'])
            if isinstance(node.get('checkpoint'), str) and (where.endswith('init_cfg') or (starts and not where)):
                _check_file(f'{where}.checkpoint'.lstrip('.'), node['checkpoint'])
        constructor = cfg.get('optim_wrapper', {}).get('constructor')
        if isinstance(constructor, str):
            _check_name(registries, 'optim_wrapper.constructor', constructor)
    if cfg.get('checkpoint') and not isinstance(cfg.get('model', {}).get('backbone'), dict):
        raise ConfigError(f'checkpoint={cfg.checkpoint!r} needs a model with a backbone, and the config has none')
    _check_timeout(cfg)
    check_trackers(cfg)
    if isinstance(cfg.get('load_from'), str):
        _check_file('load_from', cfg.load_from)
    check_settings(cfg, acted=True)


def check_pretraining(cfg: Config) -> None:
    """Check that a config is one of self-supervised pre-training.

    Args:
        cfg: As it was read.

    Raises:
        ConfigError: If its model is registered and no self-supervised one.

    Example:
        >>> check_pretraining(load_config('sce/r50_imagenet'))  # doctest: +SKIP
    """
    from mmpretrain.models import BaseSelfSupervisor

    kind = cfg.get('model', {}).get('type')
    model = find_component(kind, cfg.get('default_scope')) if isinstance(kind, str) else None
    # What is not there at all is named by the checks of all configs.
    if model is not None and not (isinstance(model, type) and issubclass(model, BaseSelfSupervisor)):
        raise ConfigError(
            f'config {cfg.filename} trains a {kind} on labels, which is no pre-training; use cft train for it, or a '
            'config of sce, mocov2, ressl, deepcluster or hexa'
        )


def _check_name(registries: list[Registry], where: str, name: str) -> None:
    if find_component(name, DefaultScope.get_current_instance().scope_name, registries) is not None:
        return
    near = similar_name(name, registries)
    elsewhere = scopes_with(name, registries) if '.' not in name else []
    failure = _import_failure(name)
    if failure:
        hint = f'as an import path it leads to nothing: {failure}'
    elif elsewhere:
        hint = f'write {" or ".join(map(repr, elsewhere))}, with its scope'
    elif near:
        hint = f'did you mean {near!r}?'
    else:
        hint = 'is its module listed in custom_imports?'
    raise ConfigError(f'{where}: no component is registered as {name!r}; {hint}')


def _import_failure(path: str) -> str | None:
    """Why nothing is found at an import path; None for names and for those with a registry's scope."""
    module, _, name = path.rpartition('.')
    top = module.partition('.')[0]
    if not module or any(top in value.children for value in vars(root).values() if isinstance(value, Registry)):
        return None
    try:
        found = import_module(module)
    except ImportError as error:
        missing = f'{type(error).__name__}: {error}'
        if isinstance(error, ModuleNotFoundError) and error.name == top:
            return f'{missing}; is its folder the current one or in PYTHONPATH, or its module listed in custom_imports?'
        return missing
    near = difflib.get_close_matches(name, vars(found), n=1)
    return f'{module} has no {name!r}' + (f'; did you mean {near[0]!r}?' if near else '')


def _check_operator(registries: list[Registry], where: str, name: str) -> None:
    known = [key for key, value in vars(import_module('mmcv.ops')).items() if callable(value)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ConfigError(f'{where}: mmcv has no operator {name!r}' + (f'; did you mean {near[0]!r}?' if near else ''))


def _check_timeout(cfg: Config) -> None:
    timeout = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
    if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0):
        raise ConfigError(
            f'env_cfg.dist_cfg.timeout must be a positive number of seconds, got {timeout!r}; '
            'leave it out for the default of PyTorch'
        )


def _check_file(where: str, path: str) -> None:
    if '://' not in path and not Path(path).is_file():
        raise ConfigError(f'{where}: no checkpoint {path}; check the path, or download the file first')
