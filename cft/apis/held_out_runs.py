"""The runs of a leave-one-domain-out table, planned and checked before the first is trained."""

import copy
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from cft.datasets import DomainFolder
from cft.datasets.domain_folder import find_domains
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError

from .config import load_config
from .drawn_data import draw_missing_data
from .overrides import Overrides, names_of

# By this the checkpoint is chosen and the held-out domain reported.
METRIC = 'accuracy/average'
SPLITS = ('train', 'val', 'test')
# What says where and how a run is done, not what it computes.
PLACE_KEYS = ('work_dir', 'experiment_name', 'launcher', 'resume', 'log_level', 'visualizer')


@dataclass(frozen=True)
class HeldOutRun:
    """One training of the table.

    Attributes:
        method: Row of the table, ``<folder>/<name>`` of the config file.
        test_domain: The domain that is held out.
        seed: Of the run and of the images that validate.
        cfg: The complete config.
        folder: Where checkpoints, log and result go. Its name ends with the
            config's digest, so that another config is another run.

    Example:
        >>> HeldOutRun('quickstart/ce_dg', 'photo', 0, Config(), Path('work_dirs/dg/run')).test_domain
        'photo'
    """

    method: str
    test_domain: str
    seed: int
    cfg: Config
    folder: Path


def plan_runs(
    configs: Sequence[str | Path],
    seeds: Sequence[int],
    work_dir: Path,
    overrides: Overrides | None = None,
    launcher: str = 'none',
) -> list[HeldOutRun]:
    """List the runs of a table and look for mistakes in all of them.

    Args:
        configs: Config files that train, validate and test on a :class:`cft.datasets.DomainFolder`.
        seeds: Every config and domain is run once with each.
        work_dir: Folder of the table; each run has a folder below ``runs`` in it.
        overrides: Settings of all runs, as from ``--cfg-options``.
        launcher: As MMEngine's, ``'none'`` for a single process.

    Returns:
        The runs, config by config, in each domain by domain.

    Raises:
        ConfigError: If a config or its data is wrong, the configs differ in
            their domains, two have the same name, or an override sets what the
            plan sets itself.

    Example:
        >>> runs = plan_runs(['configs/quickstart/ce_dg.py'], [0], Path('work_dirs/dg'))  # doctest: +SKIP
    """
    for name in names_of(overrides or {}):
        if name.endswith(('test_domain', 'dataset.seed', 'randomness.seed')):
            raise ConfigError(f'--cfg-options {name}: each domain is held out in turn and --seeds names the seeds')
    if len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise ConfigError(f'--seeds must be different numbers of at least 0, got {" ".join(map(str, seeds))}')
    domains: dict[str, list[str]] = {}
    runs = []
    for path in map(Path, configs):
        method = f'{path.resolve().parent.name}/{path.stem}'
        if method in domains:
            raise ConfigError(f'two configs are called {method}; name each once, or rename a file')
        cfg = load_config(path, overrides)
        cfg.launcher = launcher
        draw_missing_data(cfg)
        domains[method] = domains_of(cfg)
        for domain in domains[method]:
            check_data(hold_out(cfg, domain, seeds[0]))
            for seed in seeds:
                held_out = hold_out(cfg, domain, seed)
                name = f'{method.replace("/", "-")}-{domain}-{seed}-{config_digest(held_out)[:10]}'
                runs.append(HeldOutRun(method, domain, seed, held_out, work_dir / 'runs' / name))
    (first, expected), *others = domains.items()
    for method, names in others:
        if names != expected:
            raise ConfigError(f'{first} has the domains {expected}, {method} has {names}; make a table for each')
    return runs


def domains_of(cfg: Config) -> list[str]:
    """Domains of a config's data set, in the order of the table's columns.

    Raises:
        ConfigError: If training, validation and test are not the three splits
            of one ``cft.DomainFolder``, or validation does not choose the checkpoint.
    """
    datasets = [cfg.get(f'{split}_dataloader', {}).get('dataset', {}) for split in SPLITS]
    if any(dataset.get('type') != 'cft.DomainFolder' for dataset in datasets):
        raise ConfigError(f'{cfg.filename} does not train, validate and test on a cft.DomainFolder')
    if [dataset.get('split', 'train') for dataset in datasets] != list(SPLITS):
        raise ConfigError(f"{cfg.filename}: the datasets must have split='train', 'val' and 'test'")
    for key in ('data_root', 'domains', 'val_fraction'):
        if any(dataset.get(key) != datasets[0].get(key) for dataset in datasets):
            raise ConfigError(f'{cfg.filename}: {key} differs between the three datasets; give all the same')
    if cfg.get('default_hooks', {}).get('checkpoint', {}).get('save_best') != METRIC:
        raise ConfigError(
            f'{cfg.filename} chooses no checkpoint by validation; '
            f"write default_hooks = dict(checkpoint=dict(save_best='{METRIC}', rule='greater'))"
        )
    return find_domains(datasets[0]['data_root'], datasets[0].get('domains'))


def hold_out(cfg: Config, test_domain: str, seed: int) -> Config:
    """A copy of a config that holds a domain out.

    As in DomainBed, the seed also says which images of the training domains validate.

    Example:
        >>> hold_out(load_config('configs/ce/r50_pacs_dg.py'), 'sketch', seed=1)  # doctest: +SKIP
    """
    # Config.copy() would share the datasets between the copies.
    cfg = copy.deepcopy(cfg)
    for _, node in iterate_dicts(cfg._cfg_dict):
        if node.get('type') == 'cft.DomainFolder':
            node.update(test_domain=test_domain, seed=seed)
    cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}
    return cfg


def check_data(cfg: Config) -> None:
    """List the images of all splits, so that what is wrong with them shows before hours are spent."""
    for split in SPLITS:
        settings = {**cfg[f'{split}_dataloader'].dataset, 'serialize_data': False}
        settings.pop('type')
        try:
            DomainFolder(**settings)
        except (TypeError, KeyError) as error:
            raise ConfigError(f'{cfg.filename}: {split}_dataloader.dataset cannot be built: {error}') from error


def config_digest(cfg: Config) -> str:
    """Digest of what a config's result depends on.

    Example:
        >>> config_digest(Config({'work_dir': 'a'})) == config_digest(Config({'work_dir': 'b'}))
        True
    """
    settings = {key: value for key, value in cfg.to_dict().items() if key not in PLACE_KEYS}
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()
