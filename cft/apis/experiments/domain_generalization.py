"""Leave one domain out: train on the others, choose on their validation part, test on the one held out."""

import copy
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from cft.apis.completion.drawn_data import draw_missing_data
from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import Overrides, names_of, values_of
from cft.apis.running.trained_model import BEST
from cft.datasets.domain_folder import find_domains
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from cft.experiments import Executor, Output, PlanProgress, Run, RunRecord
from cft.experiments.job import own_name
from cft.experiments.printing import printed_to
from cft.files import require_writable

from .runs import LOG, run_plan

# By this the checkpoint is chosen and the held-out domain reported.
METRIC = 'accuracy/average'
SPLITS = ('train', 'val', 'test')


def leave_one_domain_out(
    configs: Sequence[str | Path],
    seeds: Sequence[int],
    work_dir: str | Path,
    overrides: Overrides | None = None,
    launcher: str = 'none',
    executor: str | Executor = 'auto',
    progress: PlanProgress | None = None,
    pretraining: str | Path | None = None,
) -> list[dict]:
    """Train each config with each domain held out and each seed, and test it on the domain that it has not seen.

    The checkpoint is the first maximum of the mean accuracy over the training
    domains' held-out parts. What is finished is not repeated. In a distributed
    job every process calls this, and all must see the same folders.

    Args:
        configs: Config files that train, validate and test on a :class:`cft.datasets.DomainFolder`.
        seeds: Of the run and of the images that validate, as in DomainBed.
        work_dir: Folder of the table; each run has a folder below ``runs`` in it.
        overrides: Settings of all runs, as from ``--cfg-options``.
        launcher: As MMEngine's, ``'none'`` for a single process.
        executor: As of :func:`cft.apis.run_plan`; under a launcher the runs are done in its processes.
        progress: As of :func:`cft.apis.run_plan`.
        pretraining: As of :func:`held_out_runs`.

    Returns:
        For each run, config by config, in each domain by domain, ``method``,
        ``test_domain``, ``seed``; ``iteration`` of the checkpoint; its
        ``validation`` accuracy and its ``test`` accuracy on the held-out
        domain, in per cent; the number of ``processes``.

    Raises:
        ConfigError: As of :func:`held_out_runs` and :func:`cft.apis.run_plan`.

    Example:
        >>> results = leave_one_domain_out(['quickstart/ce_dg'], [0], 'work_dirs/dg')  # doctest: +SKIP
        >>> print(domain_table(results))  # doctest: +SKIP
    """
    with printed_to(require_writable(work_dir) / own_name(LOG)):
        runs = held_out_runs(configs, seeds, overrides, launcher, pretraining)
    records = run_plan(runs, work_dir, 'in-process' if launcher != 'none' else executor, progress)
    return [_result(record) for record in records if record.labels]


def held_out_runs(
    configs: Sequence[str | Path],
    seeds: Sequence[int],
    overrides: Overrides | None = None,
    launcher: str = 'none',
    pretraining: str | Path | None = None,
) -> list[Run]:
    """The runs of a table.

    Args:
        configs: As of :func:`leave_one_domain_out`.
        seeds: As there.
        overrides: As there.
        launcher: As there.
        pretraining: Config that trains on the training part of a :class:`cft.datasets.DomainFolder`, such as
            ``quickstart/sce_domains``. It is run for each held-out domain and seed, which every config then
            starts from, so that nothing of the held-out domain has been seen. None: from each config's own
            ``checkpoint``.

    Returns:
        The runs with the labels ``method``, ``<folder>/<name>`` of the config file, ``test_domain`` and ``seed``;
        those of the pre-training come first and have none.

    Raises:
        ConfigError: If a config has no three splits of domains, the configs
            differ in their domains, two have the same name, or an override
            sets what the plan sets itself; if the pre-training reads other
            images than the configs' training domains, or a config starts from
            a file already.

    Example:
        >>> runs = held_out_runs(['configs/quickstart/ce_dg.py'], [0])  # doctest: +SKIP
    """
    for name in names_of(overrides or {}):
        if name.endswith(('test_domain', 'dataset.seed', 'randomness.seed')):
            raise ConfigError(f'--cfg-options {name}: each domain is held out in turn and --seeds names the seeds')
    if len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise ConfigError(f'--seeds must be different numbers of at least 0, got {" ".join(map(str, seeds))}')
    domains: dict[str, list[str]] = {}
    runs: list[Run] = []
    for path in configs:
        cfg = load_config(path, overrides)
        method = _name_of(cfg)
        if method in domains:
            raise ConfigError(f'two configs are called {method}; name each once, or rename a file')
        cfg.launcher = launcher
        draw_missing_data(copy.deepcopy(cfg))
        domains[method] = domains_of(cfg)
        values = _values(path, overrides or {}) | _launched(launcher)
        places = list(itertools.product(domains[method], seeds))
        if pretraining is None:
            starts = dict.fromkeys(places, values)
        else:
            before = _pretraining_runs(pretraining, cfg, places, launcher)
            runs += [run for run in before.values() if run not in runs]
            starts = {place: values | {'checkpoint': Output(before[place].name)} for place in places}
        runs += [
            Run(
                name=_run_name(method, domain, seed),
                config=str(path),
                overrides=starts[domain, seed] | hold_out(cfg, domain, seed),
                seed=seed,
                labels={'method': method, 'test_domain': domain, 'seed': seed},
                options={'splits': ['val', 'test']},
            )
            for domain, seed in places
        ]
    (first, expected), *others = domains.items()
    for method, names in others:
        if names != expected:
            raise ConfigError(f'{first} has the domains {expected}, {method} has {names}; make a table for each')
    return sorted(runs, key=lambda run: bool(run.labels))


def _pretraining_runs(
    path: str | Path, cfg: Config, places: Sequence[tuple[str, int]], launcher: str
) -> dict[tuple[str, int], Run]:
    """The run that a fine-tuning of ``cfg`` starts from, by held-out domain and seed."""
    if cfg.get('checkpoint') is not None:
        raise ConfigError(f'{cfg.filename} starts from {cfg.checkpoint} already; leave out checkpoint or --pretraining')
    given = load_config(path)
    dataset = given.get('train_dataloader', {}).get('dataset', {})
    if dataset.get('type') != 'cft.DomainFolder' or dataset.get('split', 'train') != 'train':
        raise ConfigError(
            f"--pretraining {path} must train on a cft.DomainFolder with split='train', so that the held-out domain "
            'is not seen before it is tested; quickstart/sce_domains does'
        )
    # The same images, whatever the two configs say by themselves.
    images: dict[str, object] = {'data_root': cfg.train_dataloader.dataset.data_root}
    if 'drawn_data' in cfg and 'drawn_data' in given:
        images['drawn_data'] = cfg.drawn_data
    for name in ('domains', 'val_fraction'):
        if name in cfg.train_dataloader.dataset:
            images[f'train_dataloader.dataset.{name}'] = cfg.train_dataloader.dataset[name]
    return {
        (domain, seed): Run(
            name=_run_name(_name_of(given), domain, seed),
            config=str(path),
            overrides=images | hold_out(given, domain, seed) | _launched(launcher),
            seed=seed,
            options={'splits': []},
        )
        for domain, seed in places
    }


def _name_of(cfg: Config) -> str:
    file = Path(cfg.filename).resolve()
    return f'{file.parent.name}/{file.stem}'


def _run_name(method: str, domain: str, seed: int) -> str:
    return re.sub(r'[^A-Za-z0-9._-]', '-', f'{method}-{domain}-{seed}')


def _launched(launcher: str) -> dict[str, object]:
    return {'launcher': launcher} if launcher != 'none' else {}


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


def hold_out(cfg: Config, test_domain: str, seed: int) -> dict[str, object]:
    """The settings that hold a domain out wherever a config names its domains.

    As in DomainBed, the seed also says which images of the training domains validate.

    Example:
        >>> hold_out(Config({'val_dataloader': {'dataset': {'type': 'cft.DomainFolder'}}}), 'sketch', seed=1)
        {'val_dataloader.dataset.test_domain': 'sketch', 'val_dataloader.dataset.seed': 1}
    """
    settings: dict[str, object] = {'test_domain': test_domain} if 'test_domain' in cfg else {}
    for where, node in iterate_dicts(cfg._cfg_dict):
        if node.get('type') == 'cft.DomainFolder':
            place = where.replace('[', '.').replace(']', '')
            settings |= {f'{place}.test_domain': test_domain, f'{place}.seed': seed}
    return settings


def _values(config: str | Path, overrides: Overrides) -> dict[str, object]:
    if isinstance(overrides, Mapping):
        return dict(overrides)
    return values_of(load_config(config)._cfg_dict, list(overrides))


def _result(record: RunRecord) -> dict:
    best = BEST.fullmatch(record.checkpoint or '')
    return {
        **{name: record.labels[name] for name in ('method', 'test_domain', 'seed')},
        'iteration': int(best['step']) if best else None,
        'validation': record.metrics['val'][METRIC],
        'test': record.metrics['test'][METRIC],
        'processes': record.versions['processes'],
    }
