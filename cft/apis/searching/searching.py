"""Search the settings of a config on validation images, on as many machines as there are."""

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mmengine.config import Config

from cft.apis.completion.completion import complete_config
from cft.apis.configs.catalogue import CONFIGS, find_config
from cft.apis.configs.config import load_config, read_overrides
from cft.apis.configs.overrides import Overrides, names_of
from cft.apis.configs.splits import WITHOUT_TEST, check_disjoint, split_overrides
from cft.apis.experiments.checks import PlanChecks
from cft.engine.trial_storage import PRUNERS
from cft.errors import ConfigError
from cft.experiments import Executor, Plan, Run, execute, named_executor
from cft.experiments.printing import printed_to
from cft.experiments.search_settings import SearchSettings
from cft.files import require_writable

from .progress import SearchProgress
from .spaces import load_space

if TYPE_CHECKING:
    from cft.experiments.studies import SharedStudy, TrialResult

# On a cluster, where as many could begin as are let.
MOST_SEARCHERS = 8
# What configs say while they are checked.
CHECKS = 'search.log'
SMALLER_IS_BETTER = ('loss', 'ece', 'nll', 'brier')


@dataclass(frozen=True)
class SearchResult:
    """What a search has found.

    Attributes:
        folder: Of the search.
        metric: Of validation.
        trials: All that have begun; the first has the config's own values.
        best: The one with the best value.
        importances: Part of the variation of the value that each parameter accounts for; empty with few trials.
        config: The file of the best config.

    Example:
        >>> search('scl/folder', trials=8, overrides={'data_root': 'flowers'}).best.value  # doctest: +SKIP
        93.1
    """

    folder: Path
    metric: str
    trials: 'list[TrialResult]'
    best: 'TrialResult'
    importances: dict[str, float]
    config: Path


def search(
    config: str | Path,
    space: str | Path | None = None,
    trials: int = 30,
    folder: str | Path | None = None,
    overrides: Overrides | None = None,
    *,
    seeds: int = 1,
    metric: str | None = None,
    pruner: str = 'median',
    split_seed: int | None = None,
    executor: str | Executor = 'auto',
    workers: int | None = None,
    stream: TextIO | None = None,
) -> SearchResult:
    """Choose the settings of a config by the validation metric.

    The first trial has the config's own values; published points of the space
    follow, then Optuna's TPE (Bergstra et al., NeurIPS 2011) chooses. The splits
    are fixed before the first trial and the same for all; the test split is not
    part of the trials' config, so that nothing of it is listed or read. A trial
    that is behind the others is ended early. The same call in the same folder
    goes on with what was interrupted, on one machine or on several at a time.

    Args:
        config: File or name.
        space: File or name, as of :func:`cft.apis.searching.spaces.load_space`; None: that of the config's method.
        trials: How many, with those that are there.
        folder: Of the search; on a disk that all machines see. None: ``work_dirs/search/<method>/<config>``.
        overrides: Settings of all trials, such as ``data_root`` and ``checkpoint``.
        seeds: Trainings of each trial; its value is their mean. Only the first may be ended early.
        metric: Of validation; None: the one that ``default_hooks.checkpoint.save_best`` names.
        pruner: ``'median'``, ``'hyperband'`` or ``'none'``; see :func:`cft.engine.trial_storage.named_pruner`.
        split_seed: Of the division into training and validation; None: the config's own.
        executor: As :func:`cft.experiments.named_executor` takes it, or one that stays open.
        workers: Trials at a time; None: as many as the executor does, up to 8 on a cluster.
        stream: Where to show how far it is; None for standard output.

    Returns:
        All trials, and the file of the best config.

    Raises:
        ConfigError: If something is wrong with the config, the space, the metric or the data, an image is in two
            splits, the folder holds another search, or no trial could be completed.
        TrainingStopped: A ``SystemExit``, after SIGTERM, SIGINT or SIGUSR1; the same call goes on.

    Example:
        >>> found = search('coretuning/folder', overrides={'data_root': 'flowers', 'checkpoint': 'moco.pth'},
        ...                trials=30, seeds=3)  # doctest: +SKIP
        >>> found.best.point  # doctest: +SKIP
        {'learning_rate': 0.0213, 'weight_decay': 0.00011, 'eta': 0.2431, ...}
    """
    for name, number in (('trials', trials), ('seeds', seeds), ('workers', 1 if workers is None else workers)):
        if number < 1:
            raise ConfigError(f'{name} must be at least 1, got {number}')
    if pruner not in PRUNERS:
        raise ConfigError(f'pruner={pruner!r} is none of {", ".join(PRUNERS)}')
    path = find_config(config)
    given = _given(path, overrides or {})
    home = Path(folder or Path('work_dirs', 'search', path.parent.name, path.stem))
    with contextlib.ExitStack() as stack:
        if isinstance(executor, str):
            executor = stack.enter_context(named_executor(executor, workers or trials))
        require_writable(home)
        with printed_to(home / CHECKS):
            settings = _settings(_name(path), given, space, seeds, metric, pruner, split_seed)
        settings.join(home)
        # Optuna is for those who search.
        from cft.experiments.studies import SharedStudy, best_of

        study = SharedStudy(home, settings)
        _do_trials(study, trials, executor, min(workers or MOST_SEARCHERS, executor.width, trials), stream)
    results = study.results()
    best = best_of(results, settings.maximise)
    if best is None:
        reasons = dict.fromkeys(f'trial {result.number}: {result.message}' for result in results if result.message)
        raise ConfigError('no trial could be completed:\n' + '\n'.join(list(reasons)[:3]))
    from .best_config import write_best_config

    written = write_best_config(home, settings, given, best, results)
    return SearchResult(home, settings.metric, results, best, study.importances(), written)


def _given(path: Path, overrides: Overrides) -> dict[str, Any]:
    for name in names_of(overrides):
        if name.split('.')[0] in ('test_dataloader', 'test_evaluator', 'test_cfg', 'work_dir'):
            raise ConfigError(
                f'{name}: a search leaves the test split out, and has a folder of its own (--work-dir); set '
                'it when you train the config that was chosen'
            )
    return dict(overrides) if isinstance(overrides, Mapping) else read_overrides(path, overrides)


def _name(path: Path) -> str:
    """Of a config that comes with cft its name, which is the same on all machines."""
    path = path.resolve()
    return path.relative_to(CONFIGS).with_suffix('').as_posix() if path.is_relative_to(CONFIGS) else str(path)


def _settings(
    config: str,
    given: dict[str, Any],
    space: str | Path | None,
    seeds: int,
    metric: str | None,
    pruner: str,
    split_seed: int | None,
) -> SearchSettings:
    """What is searched, everything in it checked."""
    whole = load_config(config, given)
    fixed: dict[str, Any] = {**given, **{name: None for name in names_of(WITHOUT_TEST) if name in whole}}
    if split_seed is not None:
        fixed |= split_overrides(load_config(config, fixed), split_seed)
    cfg = load_config(config, fixed)
    if not cfg.get('val_dataloader'):
        raise ConfigError(
            f'config {config} has no validation split to choose by; give val_dataloader and its evaluator'
        )
    metric, maximise = _objective(cfg, metric)
    found = load_space(cfg, space)
    first_seed = int((cfg.get('randomness') or {}).get('seed') or 0)
    # The mistakes of all trials, and of each data set.
    PlanChecks().facts([Run('trial-0-0', config, fixed, seed=first_seed)])
    complete = load_config(config, fixed)
    complete_config(complete)
    check_disjoint(complete)
    return SearchSettings(config, fixed, found, metric, maximise, seeds, first_seed, 0, pruner, split_seed)


def _objective(cfg: Config, metric: str | None) -> tuple[str, bool]:
    """The metric of a search, and whether a greater value is a better one."""
    saving = cfg.get('default_hooks', {}).get('checkpoint') or {}
    best, rule = saving.get('save_best'), saving.get('rule')
    best, rule = (value[0] if isinstance(value, list | tuple) and value else value for value in (best, rule))
    name = metric or best
    if not name or name == 'auto':
        raise ConfigError(
            f'config {cfg.filename} names no metric to choose by (default_hooks.checkpoint.save_best is {best!r}); '
            'give one of its validation, such as metric=accuracy/top1'
        )
    if name == best and rule in ('greater', 'less'):
        return name, rule == 'greater'
    return name, not any(word in name.lower() for word in SMALLER_IS_BETTER)


def _do_trials(study: 'SharedStudy', trials: int, executor: Executor, width: int, stream: TextIO | None) -> None:
    """Let processes do what has not been done."""
    from .trials import SEARCH_WORK, SEARCHERS

    progress = SearchProgress(study, trials, stream)
    try:
        if progress.done < trials:
            # Others with the same command have searchers of their own.
            begun = f'{socket.gethostname()}-{os.getpid()}-{time.time_ns()}'
            names = [f'searcher-{index}' for index in range(width)]
            facts = {name: [begun, name] for name in names}
            runs = [Run(name, study.settings.config, options={'trials': trials}) for name in names]
            execute(Plan(runs), study.folder / SEARCHERS, SEARCH_WORK, executor, progress, facts)
        progress.look()
    finally:
        progress.close()
