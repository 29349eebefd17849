"""The config that a search has chosen, as a file that says where it comes from."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cft.apis.configs.config import load_config
from cft.apis.configs.splits import split_overrides
from cft.apis.running.facts import describe_software
from cft.experiments.search_settings import SearchSettings
from cft.experiments.studies import TrialResult
from cft.files import write_atomically

FILE = 'best.py'
# Of the software, what may change a figure.
VERSIONS = ('python', 'torch', 'mmengine', 'cft', 'device')


def write_best_config(
    folder: Path,
    settings: SearchSettings,
    overrides: Mapping[str, Any],
    best: TrialResult,
    trials: Sequence[TrialResult],
) -> Path:
    """Write the config of the best trial, complete and without bases, test split included.

    ``chosen_by`` in it says by what it was chosen; the configs of runs that are
    trained with it carry that on.

    Args:
        folder: Of the search.
        settings: Of the search.
        overrides: Settings that the user gave; unlike those of the trials they leave the test split in.
        best: The trial.
        trials: All of them.

    Returns:
        The file.

    Example:
        >>> write_best_config(folder, settings, {'data_root': 'flowers'}, best, results)  # doctest: +SKIP
    """
    whole = load_config(settings.config, overrides)
    splits = {} if settings.split_seed is None else split_overrides(whole, settings.split_seed)
    cfg = load_config(settings.config, {**overrides, **splits, **best.overrides})
    software = describe_software()
    own = next((trial for trial in trials if trial.number == 0), None)
    cfg.chosen_by = dict(
        study=str(folder),
        split='validation',
        metric=settings.metric,
        value=best.value,
        values=list(best.values),
        seeds=settings.seeds,
        trial=best.number,
        trials=len(trials),
        space=settings.space.name,
        settings=dict(best.overrides),
        own_values=own.value if own else None,
        config=settings.config,
        date=time.strftime('%Y-%m-%d'),
        versions={name: software[name] for name in VERSIONS if name in software},
        commit=software['code'].get('commit'),
    )
    spread = f' ± {best.spread:.2f} over {settings.seeds} seeds' if settings.seeds > 1 else ''
    chosen = ', '.join(f'{name} {value}' for name, value in best.point.items()) or "the config's own values"
    lines = [
        f'Chosen on validation images by a search of {len(trials)} trials ({folder}).',
        f'{settings.metric} {best.value:.2f}{spread} with {chosen}; all else as {settings.config} has it.',
        'The best of many is flattered by that: the test split, which the search has not read, says what it is worth.',
    ]
    path = folder / FILE
    write_atomically(path, ('\n'.join(f'# {line}' for line in lines) + '\n' + cfg.pretty_text).encode())
    return path
