"""Read a config, apply command-line overrides, fill in what follows from the data."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config, ConfigDict

from cft.errors import ConfigError

# Names that a config may give to MMEngine's Runner.
RUNNER_KEYS = {
    'auto_scale_lr', 'cfg', 'custom_hooks', 'custom_imports', 'data_preprocessor', 'default_hooks', 'default_scope',
    'env_cfg', 'experiment_name', 'find_unused_parameters', 'launcher', 'load_from', 'log_level', 'log_processor',
    'model', 'model_wrapper_cfg', 'optim_wrapper', 'param_scheduler', 'randomness', 'resume', 'sync_bn', 'test_cfg',
    'test_dataloader', 'test_evaluator', 'train_cfg', 'train_dataloader', 'val_cfg', 'val_dataloader',
    'val_evaluator', 'visualizer', 'work_dir',
}  # fmt: skip
# Top-level names that stand for the same name in every dataset.
SHORTCUTS = {'data_root', 'test_domain'}


def load_config(path: str | Path, overrides: dict | None = None) -> Config:
    """Read a config file and make it complete.

    Overrides of the top-level shortcuts reach the places that they stand for:
    ``data_root`` and ``test_domain`` every dataset that had the old value,
    ``checkpoint`` the backbone's initialisation.

    Args:
        path: Config file of any OpenMMLab kind.
        overrides: Dotted names and values, as from ``--cfg-options``.

    Returns:
        The config. What it leaves to an image folder, the number of classes and
        the normalisation, is filled in when the runner is built.

    Raises:
        ConfigError: If the file cannot be read, or a name in it or in the
            overrides is misspelt.

    Example:
        >>> cfg = load_config('configs/ce/r50_folder.py', {'data_root': 'flowers'})  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        near = difflib.get_close_matches(str(path), map(str, path.parent.parent.glob('*/*.py')), n=1)
        raise ConfigError(f'no config {path}' + (f'; did you mean {near[0]}?' if near else ''))
    try:
        cfg = Config.fromfile(path)
    except RecursionError as error:
        raise ConfigError(f'config {path} has a circle in its _base_ files; a config cannot be its own base') from error
    except Exception as error:
        # A config is a program, in which anything may go wrong.
        reason = ' '.join(str(error).split())
        raise ConfigError(f'config {path} cannot be read: {type(error).__name__}: {reason}') from error
    _check_top_level(cfg)
    if overrides:
        _check_overrides(cfg, overrides)
        before = {name: cfg.get(name) for name in SHORTCUTS}
        cfg.merge_from_dict(overrides)
        for name in SHORTCUTS & overrides.keys():
            _replace(cfg, name, before[name], overrides[name])
    if cfg.get('checkpoint'):
        if not isinstance(cfg.get('model', {}).get('backbone'), dict):
            raise ConfigError(f'checkpoint = {cfg.checkpoint!r} needs a model with a backbone, and the config has none')
        cfg.model.backbone.init_cfg = dict(type='SSLPretrained', checkpoint=cfg.checkpoint)
        shared_head = cfg.model.get('roi_head', {}).get('shared_head')
        if shared_head is not None:
            # A C4 detector has the last stage of the backbone in its RoI head.
            shared_head.init_cfg = dict(type='SSLPretrained', checkpoint=cfg.checkpoint)
    return cfg


def iterate_dicts(node: object, where: str = '') -> Iterator[tuple[str, ConfigDict]]:
    """All dicts of a config with their dotted place."""
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            yield from iterate_dicts(value, f'{where}.{key}' if where else str(key))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from iterate_dicts(value, f'{where}[{index}]')


def innermost_dataset(dataset: dict) -> dict:
    """Config of the dataset that reads files, inside wrappers such as ``StratifiedSubset``."""
    while isinstance(dataset.get('dataset'), dict):
        dataset = dataset['dataset']
    return dataset


def _check_top_level(cfg: Config) -> None:
    for key in set(cfg.keys()) - RUNNER_KEYS:
        near = difflib.get_close_matches(key, RUNNER_KEYS, n=1, cutoff=0.87)
        if near:
            raise ConfigError(f'config {cfg.filename}: {key!r} is no setting of the runner; did you mean {near[0]!r}?')


def _check_overrides(cfg: Config, overrides: dict) -> None:
    for name in overrides:
        node: object = cfg._cfg_dict
        for depth, key in enumerate(name.split('.')):
            if isinstance(node, list | tuple):
                if not key.isdigit() or int(key) >= len(node):
                    raise ConfigError(f'--cfg-options {name}: {key!r} is no index of a list of {len(node)} entries')
                node = node[int(key)]
                continue
            if not isinstance(node, dict):
                above = '.'.join(name.split('.')[:depth])
                raise ConfigError(f'--cfg-options {name}: {above} is {node!r}, which has no {key!r}')
            if key not in node:
                known = [*node.keys(), *(RUNNER_KEYS if depth == 0 else [])]
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
                if near and near[0] != key:
                    raise ConfigError(f'--cfg-options {name}: unknown name {key!r}; did you mean {near[0]!r}?')
                if depth == 0 and key not in RUNNER_KEYS:
                    raise ConfigError(f'--cfg-options {name}: the config has no {key!r}; it has {sorted(cfg.keys())}')
                break
            node = node[key]


def _replace(cfg: Config, name: str, old: str | None, new: str) -> None:
    for _, node in iterate_dicts(cfg._cfg_dict):
        if node is cfg._cfg_dict or old is None:
            continue
        if node.get(name) == old:
            node[name] = new
        # A metric reads the annotations itself.
        if name == 'data_root' and str(node.get('ann_file')).startswith(f'{old}/'):
            node['ann_file'] = new + node['ann_file'][len(old) :]
