"""Find the mistakes in a config that can be found before anything is built."""

import difflib
from importlib import import_module
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry, root

from cft.errors import ConfigError

from .config import iterate_dicts

# Under these keys mmdet names a function or layer of mmcv.ops, which no registry knows.
OPERATOR_KEYS = ('.nms', '.roi_layer')


def check_config(cfg: Config) -> None:
    """Check that every named part is registered, every checkpoint exists and the timeout is one.

    Args:
        cfg: A complete config.

    Raises:
        ConfigError: Naming the place in the config, what stands there and what
            may be meant.
    """
    scope = cfg.get('default_scope') or 'mmengine'
    registries = _registries_of(scope)
    with DefaultScope.overwrite_default_scope(scope):
        for where, node in iterate_dicts(cfg._cfg_dict):
            if isinstance(node.get('type'), str):
                if where.endswith(OPERATOR_KEYS):
                    _check_operator(where, node['type'])
                else:
                    _check_name(registries, f'{where}.type', node['type'])
            checkpoint = node.get('checkpoint')
            if isinstance(checkpoint, str) and where.endswith('init_cfg'):
                _check_file(f'{where}.checkpoint', checkpoint)
        constructor = cfg.get('optim_wrapper', {}).get('constructor')
        if isinstance(constructor, str):
            _check_name(registries, 'optim_wrapper.constructor', constructor)
    _check_held_out_domain(cfg)
    _check_timeout(cfg)
    if isinstance(cfg.get('load_from'), str):
        _check_file('load_from', cfg.load_from)


def _registries_of(scope: str) -> list[Registry]:
    """The registries in which a config of this scope looks up names without a scope."""
    try:
        import_module(f'{scope}.registry')
    except ImportError as error:
        raise ConfigError(f'default_scope is {scope!r}, but no package {scope} is installed') from error
    roots = [value for value in vars(root).values() if isinstance(value, Registry)]
    children = [registry._search_child(scope) for registry in roots]
    return [top if child is None else child for top, child in zip(roots, children, strict=True)]


def _check_name(registries: list[Registry], where: str, name: str) -> None:
    if any(_is_registered(registry, name) for registry in registries):
        return
    scope = name.split('.')[0] if '.' in name else None
    known = {f'{scope}.{key}' if scope else key for registry in registries for key in _names(registry, scope)}
    near = difflib.get_close_matches(name, known, n=1)
    hint = f'did you mean {near[0]!r}?' if near else 'is its module listed in custom_imports?'
    raise ConfigError(f'{where}: no component is registered as {name!r}; {hint}')


def _check_operator(where: str, name: str) -> None:
    known = [key for key, value in vars(import_module('mmcv.ops')).items() if callable(value)]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ConfigError(
            f'{where}.type: mmcv has no operator {name!r}' + (f'; did you mean {near[0]!r}?' if near else '')
        )


def _is_registered(registry: Registry, name: str) -> bool:
    try:
        return registry.get(name) is not None
    except (KeyError, RuntimeError):
        return False


def _names(registry: Registry, scope: str | None) -> set[str]:
    if scope is not None:
        top = registry
        while top.parent is not None:
            top = top.parent
        child = top._search_child(scope)
        return set(child.module_dict) if child is not None else set()
    names: set[str] = set()
    while registry is not None:
        names |= set(registry.module_dict)
        registry = registry.parent
    return names


def _check_held_out_domain(cfg: Config) -> None:
    domains = {
        where: node['test_domain']
        for where, node in iterate_dicts(cfg._cfg_dict)
        if '_dataloader' in where and 'test_domain' in node
    }
    if len(set(domains.values())) > 1:
        raise ConfigError(
            f'the splits differ in the domain that is held out, so that training may see the test domain: {domains}; '
            'set all at once with --cfg-options test_domain=NAME'
        )


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
