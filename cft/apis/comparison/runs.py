"""The runs of a comparison: what is tried on validation, and what is then reported on test."""

import copy
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS, DefaultScope

from cft.apis.completion.completion import complete_config
from cft.apis.completion.drawn_data import draw_missing_data
from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import apply_overrides
from cft.apis.configs.splits import WITHOUT_TEST, held_out_test, split_overrides
from cft.apis.running.runner import explained_errors
from cft.apis.searching.spaces import load_space
from cft.datasets.domain_folder import find_domains
from cft.datasets.sample_infos import image_files
from cft.engine.config_nodes import innermost_dataset
from cft.errors import ConfigError
from cft.experiments import Run

from .amounts import Amount, amount_label
from .rows import Row, reads_classes

# Held out, once for all draws, where the data have no test split of their own.
TEST_FRACTION = 0.2
# Apart from the draws that are reported.
TUNING_DRAW = 1000
SUBSET = 'cft.StratifiedSubset'
TRAINING = 'train_dataloader.dataset'


@dataclass(frozen=True)
class Design:
    """What is compared, and how often.

    Attributes:
        rows: Methods with checkpoints.
        amounts: Labels of each class.
        seeds: Number of draws that are reported.
        trials: Number of settings that are tried for each row; 0: those of the configs are taken.
        domains: Those that are held out in turn; one empty name where there are none.
        measures: Names of measures besides the metric of the config.
    """

    rows: Sequence[Row]
    amounts: Sequence[Amount]
    seeds: int
    trials: int
    domains: Sequence[str] = ('',)
    measures: Sequence[str] = ()

    @property
    def holds_out_domains(self) -> bool:
        """Whether the pairs are domains."""
        return self.domains[0] != ''

    def tuning_runs(self) -> list[Run]:
        """Runs on the tuning draw, which never read the test split; the first trial of every row comes first."""
        return [
            self._run(row, amount, domain, TUNING_DRAW, settings, trial)
            for trial in range(self.trials)
            for amount, domain, row in product(self.amounts, self.domains, self.rows)
            for settings in [self.settings_of(row.key, domain)[trial]]
        ]

    def final_runs(self, chosen: Mapping[tuple[str, Amount, str], Mapping[str, Any]]) -> list[Run]:
        """Runs on the draws that are reported, draw by draw, so that times are taken side by side.

        Args:
            chosen: Settings by key of the row, amount and domain.
        """
        return [
            self._run(row, amount, domain, draw, chosen[row.key, amount, domain])
            for draw in range(self.seeds)
            for amount, domain, row in product(self.amounts, self.domains, self.rows)
        ]

    def settings_of(self, key: str, domain: str) -> list[dict[str, Any]]:
        """The settings that are tried for a row, by the number of the trial."""
        return self._settings[key, domain]

    @cached_property
    def _settings(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        return {
            (row.key, domain): load_space(self.base(row, domain)).sample(self.trials, seed=0)
            for row, domain in product(self.rows, self.domains)
        }

    def settings_of_draw(self, row: Row, amount: Amount, domain: str, draw: int) -> dict[str, Any]:
        """Settings of a row on one draw."""
        drawn = draw_overrides(self.base(row, domain), amount, draw, row.overrides)
        return {**base_settings(row, domain), **drawn}

    def base(self, row: Row, domain: str) -> Config:
        """The config of a row, of no draw yet; not to be changed."""
        return self._bases[row.key, domain]

    @cached_property
    def _bases(self) -> dict[tuple[str, str], Config]:
        return {(row.key, domain): base_config(row, domain) for row, domain in product(self.rows, self.domains)}

    def with_seeds(self, seeds: int) -> 'Design':
        """The same with another number of draws."""
        return replace(self, seeds=seeds)

    def _run(
        self, row: Row, amount: Amount, domain: str, draw: int, settings: Mapping[str, Any], trial: int | None = None
    ) -> Run:
        tunes = trial is not None
        parts = [
            'tune' if tunes else 'final',
            row.file_name,
            *([domain] if domain else []),
            *([f'{amount_label(amount)}labels'.replace('%', 'percent-')] if amount else []),
            f'trial{trial}' if tunes else f'draw{draw}',
        ]
        labels: dict[str, Any] = {'method': row.key, 'labels': amount_label(amount), 'draw': draw, 'phase': parts[0]}
        labels |= {'trial': trial} if tunes else {}
        labels |= {'domain': domain} if domain else {}
        overrides = {**self.settings_of_draw(row, amount, domain, draw), **settings}
        if tunes:
            overrides = {name: value for name, value in overrides.items() if not name.startswith('test_dataloader')}
            overrides |= WITHOUT_TEST
        return Run(
            re.sub(r'[^A-Za-z0-9._-]', '_', '-'.join(parts)),
            row.config,
            overrides,
            draw,
            labels,
            {'splits': ['val'] if tunes else ['val', 'test'], 'measures': [] if tunes else list(self.measures)},
        )


def draw_overrides(cfg: Config, amount: Amount, draw: int, asked: Collection[str] = ()) -> dict[str, Any]:
    """Settings that give a config one draw: its validation images and, of few labels, the labelled ones.

    The images that are held out for the test do not depend on the draw.

    Args:
        cfg: From :func:`cft.apis.load_config`.
        amount: Labels of each class; of one draw, fewer are among more.
        draw: Its number.
        asked: Names of settings that somebody has given; of a ``test_fraction`` among them nothing is changed.

    Raises:
        ConfigError: If the images have not one class each, and a number of labels is asked for.

    Example:
        >>> draw_overrides(load_config('quickstart/ce_digits'), None, 3)
        {'train_dataloader.dataset.seed': 3}
    """
    given = any(name.endswith('test_fraction') for name in asked)
    drawn = {**({} if given else held_out_test(cfg, TEST_FRACTION)), **split_overrides(cfg, draw)}
    if amount is None:
        return drawn
    if not reads_classes(cfg):
        raise ConfigError(
            f'labels={amount_label(amount)}: a number for each class needs images of one class each; leave labels out'
        )
    dataset = cfg.train_dataloader.dataset
    part = {'per_class': None, 'fraction': None, 'fraction' if isinstance(amount, float) else 'per_class': amount}
    if dataset.type == SUBSET:
        return {**drawn, **{f'{TRAINING}.{name}': value for name, value in part.items()}}
    whole = copy.deepcopy(dataset.to_dict())
    for name in [name for name in drawn if name.startswith(f'{TRAINING}.')]:
        *outer, last = name.removeprefix(f'{TRAINING}.').split('.')
        node = whole
        for key in outer:
            node = node[key]
        node[last] = drawn.pop(name)
    return {**drawn, TRAINING: {'type': SUBSET, **part, 'seed': draw, 'dataset': whole}}


def base_config(row: Row, domain: str = '') -> Config:
    """The config of a row, of no draw yet."""
    return load_config(row.config, base_settings(row, domain))


def base_settings(row: Row, domain: str) -> dict[str, Any]:
    """Settings of all runs of a row, with the domain that is held out."""
    return {**row.overrides, **({'test_domain': domain} if domain else {})}


def metric_of(cfg: Config) -> str:
    """The metric by which a config chooses its checkpoint, and by which it is reported.

    Raises:
        ConfigError: If it names none, or a smaller value of it is better.

    Example:
        >>> metric_of(load_config('ce/folder_seg'))
        'mIoU'
    """
    checkpoint = cfg.get('default_hooks', {}).get('checkpoint', {})
    metric = checkpoint.get('save_best')
    if not isinstance(metric, str) or metric == 'auto' or checkpoint.get('rule', 'greater') != 'greater':
        raise ConfigError(
            f'{cfg.filename} names no metric for a comparison: it needs default_hooks.checkpoint with '
            "save_best='METRIC' and rule='greater'"
        )
    return metric


def check_splits_of(design: Design) -> None:
    """See before anything is trained that there are images enough, and that what is tuned on is never tested on.

    Raises:
        ConfigError: If a class has too few images for the labels, or an image of a test split is among those that
            settings are chosen with, or is trained on.

    Example:
        >>> check_splits_of(design)  # doctest: +SKIP
    """
    seen: set[str] = set()
    draws = [TUNING_DRAW, *range(design.seeds)]
    for row, domain in product(design.rows, design.domains):
        cfg = copy.deepcopy(design.base(row, domain))
        # Most rows read the same images.
        key = json.dumps(_data_sets(cfg.to_dict()), sort_keys=True, default=str)
        if key in seen:
            continue
        seen.add(key)
        complete_config(cfg)
        for amount in design.amounts:
            _check_draws(row, [_files(cfg, row, amount, draw) for draw in draws], draws)


def _check_draws(row: Row, files: Sequence[Mapping[str, set[str]]], draws: Sequence[int]) -> None:
    tuning = files[0]['train'] | files[0]['val']
    for draw, splits in zip(draws[1:], files[1:], strict=True):
        for words, shared in (
            ('validation and test', splits['val'] & splits['test']),
            ('training and validation', splits['train'] & splits['val']),
            ('training and test', splits['train'] & splits['test']),
            ('tuning and test', tuning & splits['test']),
        ):
            if shared:
                raise ConfigError(
                    f'{row.config}, draw {draw}: {len(shared)} images are for {words} at once, such as '
                    f'{min(shared)}; divide the data so that each is in one, as with test_fraction=0.2'
                )


def _files(cfg: Config, row: Row, amount: Amount, draw: int) -> dict[str, set[str]]:
    """The images of each split of a draw."""
    drawn = copy.deepcopy(cfg)
    apply_overrides(drawn._cfg_dict, draw_overrides(cfg, amount, draw, row.overrides))
    found = {}
    try:
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'mmengine'):
            for split in ('train', 'val', 'test'):
                dataset = drawn[f'{split}_dataloader'].dataset
                inner = innermost_dataset(dataset)
                kind = DATASETS.get(inner['type'])
                if isinstance(kind, type) and issubclass(kind, BaseDataset):
                    # For worker processes, and slow.
                    inner['serialize_data'] = False
                with explained_errors(drawn, reads_data=split):
                    found[split] = set(image_files(DATASETS.build(dataset)))
    except ConfigError as error:
        if amount is None or 'per_class' not in str(error):
            raise
        raise ConfigError(
            f'labels={amount_label(amount)}, {row.name}, draw {draw}: {error}; ask for fewer labels or add images'
        ) from error
    return found


def _data_sets(cfg: dict) -> list:
    """The data sets of a config as far as they say which images are read."""
    return [_without_pipelines(cfg[f'{split}_dataloader']['dataset']) for split in ('train', 'val', 'test')]


def _without_pipelines(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    return {name: _without_pipelines(value) for name, value in node.items() if name != 'pipeline'}


def domains_of(cfg: Config, asked: Collection[str] = ()) -> list[str]:
    """Domains that are held out in turn: the one that is named, or all; one empty name where there are none."""
    dataset = innermost_dataset(cfg.train_dataloader.dataset)
    if dataset.get('type') != 'cft.DomainFolder':
        return ['']
    if dataset.get('test_domain') is not None and 'test_domain' in asked:
        return [dataset['test_domain']]
    draw_missing_data(cfg)
    return list(find_domains(dataset['data_root'], dataset.get('domains')))
