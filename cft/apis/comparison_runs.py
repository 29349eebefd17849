"""The runs of a comparison: what is tried on validation, and what is then reported on test."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

from cft.datasets.sample_infos import image_files
from cft.errors import ConfigError
from cft.experiments import Run

from .comparison_rows import Row, reads_classes
from .completion import complete_config
from .config import load_config
from .runner import explained_errors
from .spaces import load_space
from .splits import WITHOUT_TEST, held_out_test, split_overrides

# Held out, once for all draws, where the data have no test split of their own.
TEST_FRACTION = 0.2
# Apart from the draws that are reported.
TUNING_DRAW = 1000
SUBSET = 'cft.StratifiedSubset'
TRAINING = 'train_dataloader.dataset'

Amount = int | None


@dataclass(frozen=True)
class Design:
    """What is compared, and how often.

    Attributes:
        rows: Methods with checkpoints.
        amounts: Labels of each class; None: all.
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
            (row.key, domain): trials_of(row, self.trials, domain) for row, domain in product(self.rows, self.domains)
        }

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
            *([f'{amount}labels'] if amount else []),
            f'trial{trial}' if tunes else f'draw{draw}',
        ]
        labels = {'method': row.key, 'labels': amount or 'all', 'draw': draw, 'phase': parts[0]}
        labels |= {'trial': trial} if tunes else {}
        labels |= {'domain': domain} if domain else {}
        return Run(
            '-'.join(part.replace('/', '-').replace(' ', '_') for part in parts),
            row.config,
            {**draw_overrides(row, amount, domain, draw), **settings, **(WITHOUT_TEST if tunes else {})},
            draw,
            labels,
            {'splits': ['val'] if tunes else ['val', 'test'], 'measures': [] if tunes else list(self.measures)},
        )


def draw_overrides(row: Row, amount: Amount, domain: str, draw: int) -> dict[str, Any]:
    """Settings of a row on one draw: its validation images and, of few labels, the labelled ones.

    The images that are held out for the test do not depend on the draw.

    Example:
        >>> row = Row('ce', 'CE', 'quickstart/ce_digits', {})
        >>> draw_overrides(row, None, '', 3)
        {'train_dataloader.dataset.seed': 3}
    """
    settings = {**row.overrides, **({'test_domain': domain} if domain else {})}
    cfg = load_config(row.config, settings)
    asked = {name.rpartition('.')[2] for name in row.overrides}
    held_out = {} if 'test_fraction' in asked else held_out_test(cfg, TEST_FRACTION)
    drawn = {**held_out, **split_overrides(cfg, draw)}
    dataset = cfg.train_dataloader.dataset
    if amount is None:
        return {**settings, **drawn}
    if not reads_classes(cfg):
        raise ConfigError(f'labels={amount}: a number for each class needs images of one class each; leave labels out')
    if dataset.type == SUBSET:
        return {**settings, **drawn, f'{TRAINING}.per_class': amount, f'{TRAINING}.fraction': None}
    whole = copy.deepcopy(dataset.to_dict() if isinstance(dataset, Config) else dict(dataset))
    inner = {name.removeprefix(f'{TRAINING}.'): value for name, value in drawn.items() if name.startswith(TRAINING)}
    for name, value in inner.items():
        *outer, last = name.split('.')
        node = whole
        for key in outer:
            node = node[key]
        node[last] = value
    subset = {'type': SUBSET, 'per_class': amount, 'seed': draw, 'dataset': whole}
    others = {name: value for name, value in drawn.items() if not name.startswith(TRAINING)}
    return {**settings, **others, TRAINING: subset}


def trials_of(row: Row, trials: int, domain: str = '') -> list[dict[str, Any]]:
    """Settings to try: those of the config, then points of the method's space, as many for every row.

    Raises:
        ConfigError: If the method has no space.
    """
    cfg = load_config(row.config, {**row.overrides, **({'test_domain': domain} if domain else {})})
    return load_space(cfg).sample(trials, seed=0)


def metric_of(row: Row) -> str:
    """The metric by which the config of a row chooses its checkpoint, and by which it is reported.

    Raises:
        ConfigError: If it names none, or a smaller value of it is better.

    Example:
        >>> metric_of(Row('ce', 'CE', 'ce/folder_seg', {}))
        'mIoU'
    """
    cfg = load_config(row.config, row.overrides)
    checkpoint = cfg.get('default_hooks', {}).get('checkpoint', {})
    metric = checkpoint.get('save_best')
    if not isinstance(metric, str) or metric == 'auto' or checkpoint.get('rule', 'greater') != 'greater':
        raise ConfigError(
            f'{row.config} names no metric for a comparison: it needs default_hooks.checkpoint with '
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
    for row, amount, domain in product(design.rows, design.amounts, design.domains):
        draws = [TUNING_DRAW, *range(design.seeds)]
        cfgs = [load_config(row.config, draw_overrides(row, amount, domain, draw)) for draw in draws]
        key = json.dumps([_without_pipelines(cfg.to_dict()) for cfg in cfgs], sort_keys=True, default=str)
        if key in seen:
            continue
        seen.add(key)
        files = [_files(cfg, f'{row.name}, draw {draw}', amount) for cfg, draw in zip(cfgs, draws, strict=True)]
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


def _files(cfg: Config, where: str, amount: Amount) -> dict[str, set[str]]:
    complete_config(cfg)
    found = {}
    try:
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'mmengine'):
            for split in ('train', 'val', 'test'):
                with explained_errors(cfg, reads_data=split):
                    found[split] = set(image_files(DATASETS.build(cfg[f'{split}_dataloader'].dataset)))
    except ConfigError as error:
        if amount is None or 'per_class' not in str(error):
            raise
        raise ConfigError(f'labels={amount}, {where}: {error}; ask for fewer labels or add images') from error
    return found


def _without_pipelines(node: Any) -> Any:
    """The data sets of a config as far as they say which images are read."""
    if not isinstance(node, dict):
        return node
    if 'model' in node:
        return [_without_pipelines(node[f'{split}_dataloader']['dataset']) for split in ('train', 'val', 'test')]
    return {name: _without_pipelines(value) for name, value in node.items() if name != 'pipeline'}


def domains_of(data_root: str | Path) -> list[str]:
    """Domains of a folder, each of which is held out in turn."""
    from cft.datasets.domain_folder import find_domains

    return list(find_domains(data_root, None))
