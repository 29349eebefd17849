"""Check all runs of a plan before the first begins, and tell what the result of each depends on."""

import copy
import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from cft.apis.completion.completion import complete_config
from cft.apis.configs.checks import check_config
from cft.apis.configs.config import load_config
from cft.apis.configs.setting_values import check_splits
from cft.apis.evaluation.data import evaluated_split
from cft.apis.running.data_digest import digest_data
from cft.apis.running.runner import explained_errors
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from cft.evaluation import RobustnessCheck
from cft.evaluation.chosen_measures import chosen_measures
from cft.experiments import Output, Run
from cft.experiments.fingerprint import filled_in
from cft.registry import DATASETS

# What says where and how a run is done, not what it computes.
PLACE_KEYS = ('work_dir', 'experiment_name', 'launcher', 'resume', 'log_level', 'visualizer', 'tracker')
# What a run may be asked for beside its training: see cft.apis.train_and_measure.
OPTIONS = {'splits', 'measures', 'train', 'attack'}
# Beside the data loaders, what says which data are read.
DATA_KEYS = ('data_root', 'drawn_data', 'classes', 'label_format', 'test_domain', 'default_scope', 'launcher')
BLOCK = 1 << 24


def configured(run: Run, values: dict[str, Any] | None = None) -> Config:
    """The config of a run with its overrides and its seed.

    Args:
        run: The run.
        values: The overrides with what other runs have given; None: without those that need another run.
    """
    if values is None:
        values = {name: value for name, value in run.overrides.items() if not isinstance(value, Output)}
    return load_config(run.config, {**values, 'randomness.seed': run.seed})


def splits_of(run: Run, cfg: Config) -> list[str]:
    """The splits that a run is evaluated on: those of its options, else validation if the config has any.

    Example:
        >>> splits_of(Run('sce', 'quickstart/sce_digits'), load_config('quickstart/sce_digits'))
        []
    """
    if 'splits' in run.options:
        return list(run.options['splits'])
    return ['val'] if cfg.get('val_dataloader') else []


class PlanChecks:
    """Checks runs; what they share, such as data and checkpoints, is read once.

    Args:
        options: The options that a run may have; None: any, for work of one's own.

    Example:
        >>> facts = PlanChecks().facts([Run('ce-0', 'quickstart/ce_digits')])
        >>> sorted(facts['ce-0'])
        ['config', 'data']
    """

    def __init__(self, options: Collection[str] | None = OPTIONS) -> None:
        self._options = options
        self._contents: dict[tuple, str] = {}
        self._data: dict[str, dict] = {}

    def facts(self, runs: Sequence[Run]) -> dict[str, Any]:
        """What the results depend on, as :func:`cft.experiments.fingerprints` takes it.

        Raises:
            ConfigError: With the mistakes of all runs, each once.
        """
        found: dict[str, Any] = {}
        mistakes: dict[str, list[str]] = {}
        for run in runs:
            facts, mistake = self._try(run)
            if mistake is None:
                found[run.name] = facts
            else:
                mistakes.setdefault(mistake, []).append(run.name)
        if mistakes:
            lines = [f'{_few(names)}: {message}' for message, names in mistakes.items()]
            raise ConfigError(lines[0] if len(lines) == 1 else '\n  '.join([f'{len(lines)} mistakes:', *lines]))
        return found

    def _try(self, run: Run) -> tuple[dict[str, Any] | None, str | None]:
        try:
            return self._facts(run), None
        except ConfigError as error:
            return None, str(error)

    def _facts(self, run: Run) -> dict[str, Any]:
        if self._options is not None and (unknown := set(run.options) - set(self._options)):
            raise ConfigError(f'unknown options {sorted(unknown)}; there are {sorted(self._options)}')
        cfg = configured(run)
        check_splits(cfg)
        check_config(cfg)
        chosen_measures(run.options.get('measures', ()))
        if run.options.get('attack'):
            RobustnessCheck(**run.options['attack'])
        return {
            'config': self._settings(configured(run, filled_in(run)) if run.needs else cfg),
            'data': self._digests(run, cfg),
        }

    def _settings(self, cfg: Config) -> dict:
        """The complete config as JSON, its checkpoints by content."""
        settings = {key: value for key, value in cfg.to_dict().items() if key not in PLACE_KEYS}
        for _, node in iterate_dicts(settings):
            for key in ('checkpoint', 'load_from'):
                if isinstance(node.get(key), str) and Path(node[key]).is_file():
                    node[key] = self._content(Path(node[key]))
        return json.loads(json.dumps(settings, default=str))

    def _content(self, path: Path) -> str:
        """Digest of a file, read once as long as its size and time stay."""
        status = path.stat()
        key = (path.resolve(), status.st_size, status.st_mtime_ns)
        if key not in self._contents:
            digest = hashlib.sha256()
            with path.open('rb') as file:
                while block := file.read(BLOCK):
                    digest.update(block)
            self._contents[key] = digest.hexdigest()
        return self._contents[key]

    def _digests(self, run: Run, cfg: Config) -> dict[str, Any]:
        """Digests of the data that the run reads."""
        trains, splits = run.options.get('train', True), splits_of(run, cfg)
        key = json.dumps([trains, splits, _data_settings(cfg)], sort_keys=True, default=str)
        if key not in self._data:
            self._data[key] = digest_splits(cfg, trains, splits)
        return self._data[key]


def digest_splits(cfg: Config, trains: bool, splits: Sequence[str]) -> dict[str, Any]:
    """Digest of the data of each split that is used, as :func:`cft.apis.running.data_digest.digest_data` gives it.

    Args:
        cfg: As it was read; not changed.
        trains: Whether there is a training, which uses its data and those of the validation.
        splits: What is evaluated.

    Raises:
        ConfigError: If data are missing or wrong.
    """
    cfg = copy.deepcopy(cfg)
    complete_config(cfg)
    loaders = {split: cfg.get(f'{split}_dataloader') for split in ('train', 'val') if trains}
    datasets = {split: loader.dataset for split, loader in loaders.items() if loader}
    datasets = {split: evaluated_split(cfg, split)[0] for split in splits} | datasets
    found = {}
    with DATASETS.switch_scope_and_registry(cfg.get('default_scope')):
        for split, dataset in datasets.items():
            with explained_errors(cfg, reads_data=split):
                found[split] = digest_data(DATASETS.build(dataset))['digest']
    return found


def _data_settings(cfg: Config) -> dict:
    """The parts of a config that say which data are read, without what becomes of the images."""
    parts = {key: value for key, value in cfg.to_dict().items() if key.endswith('_dataloader') or key in DATA_KEYS}
    for _, node in iterate_dicts(parts):
        node.pop('pipeline', None)
        if 'dataset' in node and 'batch_size' in node:
            for key in set(node) - {'dataset'}:
                del node[key]
    return parts


def _few(names: list[str]) -> str:
    return ', '.join(names[:3]) + (f' and {len(names) - 3} more' if len(names) > 3 else '')
