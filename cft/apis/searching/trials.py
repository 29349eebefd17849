"""The work of a search: a process that does one trial after the other, and the trainings of a trial."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cft.apis.experiments.checks import PlanChecks
from cft.apis.experiments.runs import train_and_measure
from cft.apis.running.facts import describe_software
from cft.engine.hooks.trial_report import TrialPruned
from cft.errors import ConfigError
from cft.experiments import InProcess, Plan, PlanProgress, Run, RunRecord, execute, read_curves
from cft.experiments.search_settings import SearchSettings
from cft.experiments.studies import HeldTrial, SharedStudy

SEARCHERS = 'searchers'
SEARCH_WORK = 'cft.apis.searching.trials:do_trials'
TRIAL_WORK = 'cft.apis.searching.trials:train_trial'


def do_trials(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """Do trials of the search until all have been begun; the work of each process of :func:`cft.apis.search`.

    Args:
        run: With ``options['trials']``.
        folder: Below ``searchers/runs`` in the folder of the search.
        inputs: None.

    Example:
        >>> do_trials(Run('searcher', 'ce/folder', options={'trials': 30}), folder, {})  # doctest: +SKIP
    """
    home = folder.parents[2]
    settings = SearchSettings.read(home)
    study = SharedStudy(home, settings)
    # The data are listed once.
    checks = PlanChecks()
    with InProcess() as executor:
        while (trial := study.next_trial(run.options['trials'])) is not None:
            with trial.hold:
                _do(trial, study, checks, executor)
    return RunRecord(run.name, '', run.config)


def _do(trial: HeldTrial, study: SharedStudy, checks: PlanChecks, executor: InProcess) -> None:
    settings, values = study.settings, []
    for draw in range(settings.seeds):
        run = Run(
            f'trial-{trial.number}-{draw}',
            settings.config,
            {**settings.overrides, **trial.overrides},
            seed=settings.first_seed + draw,
            labels={'trial': trial.number, 'draw': draw},
        )
        try:
            facts = checks.facts([run])
            # A run that one pruner has ended is no result under another.
            facts[run.name] = [facts[run.name], settings.pruner]
            (record,) = execute(Plan([run]), study.folder, TRIAL_WORK, executor, PlanProgress(), facts)
            if not record.complete:
                study.prune(trial)
                return
            values.append(_value(record, settings.metric))
        except ConfigError as error:
            study.fail(trial, ' '.join(str(error).split()).removeprefix('1 of 1 runs failed: '))
            return
    study.complete(trial, values)


def _value(record: RunRecord, metric: str) -> float:
    metrics = record.metrics.get('val', {})
    if metric not in metrics:
        raise ConfigError(f'metric={metric}: the validation gives {", ".join(metrics)}')
    if not math.isfinite(metrics[metric]):
        raise ConfigError(f'{metric} is {metrics[metric]}')
    return metrics[metric]


def train_trial(run: Run, folder: Path, inputs: Mapping[str, Path]) -> RunRecord:
    """Train with reports to the study, and measure on validation; weights are not kept.

    Only the first training of a trial is reported and may be ended: the values
    of all are then those of whole trainings.

    Args:
        run: With ``labels['trial']`` and ``labels['draw']``.
        folder: Below ``runs`` in the folder of the search.
        inputs: None.

    Returns:
        As :func:`cft.apis.experiments.runs.train_and_measure`; ``complete`` says whether it had its whole length.

    Example:
        >>> train_trial(Run('trial-3-0', 'ce/folder', labels={'trial': 3, 'draw': 0}), folder, {})  # doctest: +SKIP
    """
    home = folder.parents[1]
    settings = SearchSettings.read(home)
    overrides = dict(run.overrides)
    if run.labels['draw'] == 0 and settings.pruner != 'none':
        overrides['default_hooks.trial_report'] = {
            'type': 'cft.TrialReportHook',
            'folder': str(home),
            'trial': run.labels['trial'],
            'metric': settings.metric,
            'maximise': settings.maximise,
            'pruner': settings.pruner,
        }
    try:
        record = train_and_measure(replace(run, overrides=overrides), folder, inputs)
    except TrialPruned as pruned:
        record = RunRecord(
            run.name,
            '',
            str(run.config),
            seed=run.seed,
            metrics={'val': {settings.metric: pruned.value}},
            curves=read_curves(folder),
            versions=describe_software(),
            complete=False,
        )
    for path in [*folder.glob('*.pth'), folder / 'last_checkpoint']:
        path.unlink(missing_ok=True)
    return replace(record, overrides=run.overrides, checkpoint=None)
