"""The trials of a search in one file, which processes on many machines share; and what ends trials early."""

from pathlib import Path
from typing import TYPE_CHECKING

from cft.errors import ConfigError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

FILE = 'study.log'
STUDY = 'search'
PRUNERS = ('median', 'hyperband', 'none')
# Before the median is believed.
TRIALS_BEFORE_PRUNING = 5
# And of each trial, this part of its validations.
PART_BEFORE_PRUNING = 0.2
# It is held for milliseconds; a process that was killed meanwhile leaves it behind.
SECONDS_OF_A_LOCK = 10


def open_study(
    folder: str | Path, maximise: bool, pruner: 'BasePruner | None' = None, sampler: 'BaseSampler | None' = None
) -> 'Study':
    """The study of a search, made if it is missing.

    Args:
        folder: Of the search.
        maximise: Whether a greater value is a better one.
        pruner: Optuna's; None: no trial is ended early.
        sampler: Optuna's; None: one that no trial is asked of.

    Example:
        >>> import tempfile
        >>> open_study(tempfile.mkdtemp(), maximise=True).trials
        []
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = str(Path(folder, FILE))
    lock = JournalFileSymlinkLock(path, grace_period=SECONDS_OF_A_LOCK)
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(JournalFileBackend(path, lock)),
        sampler=sampler or optuna.samplers.RandomSampler(),
        pruner=pruner or optuna.pruners.NopPruner(),
        study_name=STUDY,
        direction='maximize' if maximise else 'minimize',
        load_if_exists=True,
    )


def named_pruner(name: str, validations: int) -> 'BasePruner':
    """Optuna's pruner for trials of so many validations.

    Args:
        name: ``'median'``: a trial ends that is below the median of the earlier ones at the same validation, after
            the first five trials and the first fifth of its own validations. ``'hyperband'`` (Li et al., JMLR 2018):
            of trials that began together a third goes on at each rung. ``'none'``.
        validations: In a whole trial.

    Raises:
        ConfigError: If there is no such pruner.

    Example:
        >>> type(named_pruner('median', 10)).__name__
        'MedianPruner'
    """
    import optuna

    if name == 'none':
        return optuna.pruners.NopPruner()
    if name == 'median':
        warm_up = round(PART_BEFORE_PRUNING * validations)
        return optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING, n_warmup_steps=warm_up)
    if name == 'hyperband':
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=max(validations, 1), reduction_factor=3)
    raise ConfigError(f'pruner={name!r} is none of {", ".join(PRUNERS)}')
