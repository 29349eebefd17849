"""Compare methods, checkpoints and amounts of labels on somebody's own data: tune, draw, test, conclude."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import Overrides
from cft.apis.experiments.runs import LOG, run_plan
from cft.apis.running.planning import dry_run, forgotten_instances
from cft.engine.run_cost import in_time
from cft.errors import ConfigError
from cft.evaluation import Comparison, compare_methods
from cft.evaluation.comparison import FEWEST_PAIRS
from cft.experiments import Executor, PlanProgress, Run, RunRecord, named_executor
from cft.experiments.printing import printed_to

from .budget import read_duration, seeds_within, total_seconds
from .rows import TASKS, find_task, is_config, rows_of
from .runs import (
    TEST_FRACTION,
    TUNING_DRAW,
    Amount,
    Design,
    base_config,
    check_splits_of,
    domains_of,
    metric_of,
)

METHODS = ('ce', 'scl', 'coretuning', 'coin', 'schane')
# With fewer, a method is judged by the luck of a few settings.
FEWEST_TRIALS = 8
WORDS = {'train': 'training', 'val': 'validation', 'test': 'test'}


@dataclass(frozen=True)
class Choice:
    """What validation chose for a row.

    Attributes:
        method: Key of the row.
        labels: Amount of labels.
        domain: The one that is held out; empty where there are none.
        trial: Number of the trial; 0 has the settings of the config.
        settings: What differs from the config.
        scores: The metric on the validation images, for each trial.
    """

    method: str
    labels: Amount
    domain: str
    trial: int
    settings: Mapping[str, Any]
    scores: list[float]


@dataclass(frozen=True)
class MethodComparison:
    """The result of :func:`compare`.

    Attributes:
        comparisons: By the amount of labels: ``'5'``, ``'all'``.
        records: Of the runs that are reported.
        choices: What validation chose.
        protocol: Sentences that say how the numbers came about.
    """

    comparisons: dict[str, Comparison]
    records: list[RunRecord]
    choices: list[Choice]
    protocol: list[str]


@dataclass(frozen=True)
class ComparisonPlan:
    """A comparison that was checked and can be carried out.

    Attributes:
        design: What is compared, and how often.
        metric: The main metric.
        baseline: Key of a row.
        budget: Seconds; None: no limit.
    """

    design: Design
    metric: str
    baseline: str
    budget: float | None = None

    @property
    def runs(self) -> tuple[int, int]:
        """Number of tuning runs, and of those that are reported."""
        places = len(self.design.rows) * len(self.design.amounts) * len(self.design.domains)
        return places * self.design.trials, places * self.design.seeds


def plan_comparison(
    overrides: Overrides,
    checkpoints: Sequence[str | None] = (None,),
    methods: Sequence[str] = METHODS,
    seeds: int = 5,
    trials: int = FEWEST_TRIALS,
    labels: Sequence[Amount] = (None,),
    budget: str | None = None,
    task: str | None = None,
    baseline: str | None = None,
    measures: Sequence[str] = (),
) -> ComparisonPlan:
    """Look for mistakes before anything is trained.

    Args:
        overrides: Settings of all runs, ``data_root`` among them, as texts or by name.
        checkpoints: Files to start from.
        methods: As of :func:`cft.apis.comparison.rows.rows_of`.
        seeds: Draws that are reported.
        trials: Settings to try for each row on validation; 0: those of the configs are taken for all.
        labels: Numbers of labels of each class; None: all.
        budget: Time for all of it, such as ``'2h'``.
        task: One of ``classification``, ``segmentation``, ``detection`` and ``domains``; None: found by looking.
        baseline: Key of the row that the others are compared with; None: the first one.
        measures: As :func:`cft.apis.evaluate` takes them.

    Raises:
        ConfigError: Naming what is wrong and the remedy.

    Example:
        >>> plan = plan_comparison(['data_root=flowers'], ['moco.pth'])  # doctest: +SKIP
    """
    if trials and trials < FEWEST_TRIALS:
        raise ConfigError(
            f'trials={trials}: give at least {FEWEST_TRIALS} to every method, so that none is judged by the luck of a '
            'few settings, or trials=0 to take the settings of the configs for all'
        )
    if seeds < 1:
        raise ConfigError(f'seeds={seeds}: give at least 1; with 5 or more, methods can be told apart')
    seconds = None if budget is None else read_duration(budget)
    if len(methods) * len(checkpoints) < 1 or len(set(labels)) < len(labels):
        raise ConfigError('give at least one method, and each number of labels once')
    if task is not None and task not in TASKS:
        raise ConfigError(f'task={task} is none of {", ".join(TASKS)}')
    if task is None and not all(map(is_config, methods)):
        task = find_task(_data_root(overrides))
    rows = rows_of(methods, checkpoints, task, overrides)
    keys = [row.key for row in rows]
    if baseline is not None and baseline not in keys:
        raise ConfigError(f'baseline={baseline} is none of the rows {", ".join(keys)}')
    bases = [base_config(row) for row in rows]
    metrics = {metric_of(cfg) for cfg in bases}
    if len(metrics) > 1:
        raise ConfigError(f'the configs are judged by {" and ".join(sorted(metrics))}; compare those of one task')
    design = Design(rows, list(labels), seeds, trials, domains_of(bases[0], rows[0].overrides), list(measures))
    check_splits_of(design)
    # Whether each method has a space shows before anything is trained.
    design.tuning_runs()
    return ComparisonPlan(design, metrics.pop(), baseline or keys[0], seconds)


def compare(
    plan: ComparisonPlan, folder: str | Path, executor: str | Executor = 'auto', progress: PlanProgress | None = None
) -> MethodComparison:
    """Compare methods by a protocol that is fair to all of them.

    1. The images for the test are set apart first: those of the data's own
       test split, else a fifth, the same in all draws. For domains it is the
       domain that is held out.
    2. Every row gets the same number of trials on one draw of the other images
       (number 1000, which is not reported): the settings of its config, then
       points of its method's space. The best on the validation images is taken.
       These runs have no test split at all.
    3. The chosen settings are trained on each reported draw: draw i divides
       training and validation images, chooses the labelled ones and seeds
       everything, alike for all methods. Validation chooses the epoch.
    4. Each of these models is tested once. Differences to the baseline are taken
       within draws (of domains: within domains, seeds averaged), with
       Student's 95 % intervals and p-values corrected by Holm.

    Intervals are over draws of the training data and of chance, for these test
    images. A comparison that was interrupted, also by force, goes on with the
    same call.

    Args:
        plan: From :func:`plan_comparison`.
        folder: Of the comparison.
        executor: As of :func:`cft.apis.run_plan`.
        progress: Where to show how far it is; None for standard output.

    Raises:
        ConfigError: If runs fail, or the budget does not suffice; what is finished is kept.

    Example:
        >>> plan = plan_comparison(['data_root=flowers'], ['moco.pth'], ['ce', 'scl'])  # doctest: +SKIP
        >>> found = compare(plan, 'work_dirs/flowers')  # doctest: +SKIP
        >>> recommend(found.comparisons['all']).sentence  # doctest: +SKIP
        'Take SCL: +1.20 (95 % interval +0.40 to +2.00) against CE.'
    """
    with contextlib.ExitStack() as stack:
        if isinstance(executor, str):
            executor = stack.enter_context(named_executor(executor, sum(plan.runs)))
        if progress is None:
            progress = stack.enter_context(contextlib.closing(PlanProgress()))
        return _compare(plan, Path(folder), executor, progress)


def _compare(plan: ComparisonPlan, folder: Path, executor: Executor, progress: PlanProgress) -> MethodComparison:
    def do(runs: Sequence[Run], what: str) -> list[RunRecord]:
        progress.say(f'{what}:')
        return run_plan(runs, folder, executor, progress)

    def told_elsewhere(make: Callable[..., list[Run]], *arguments: Any) -> list[Run]:
        with printed_to(folder / LOG), forgotten_instances():
            return make(*arguments)

    design = plan.design
    if plan.budget is not None:
        design, told = _within_budget(
            plan, do(told_elsewhere(_first_runs, design), 'one run of each row, to see what it takes'), executor.width
        )
        progress.say(told)
    tuning = told_elsewhere(design.tuning_runs)
    tried = do(tuning, f'{design.trials} trials of each row, to choose settings on validation') if tuning else []
    choices = _choices(plan, design, tuning, tried)
    chosen = {(choice.method, choice.labels, choice.domain): choice.settings for choice in choices}
    records = do(
        told_elsewhere(design.final_runs, chosen),
        f'{design.seeds} draw{"s" * (design.seeds != 1)} of each row with the chosen settings, each tested once',
    )
    domains = design.holds_out_domains
    comparisons = {
        str(amount or 'all'): compare_methods(
            [record for record in records if record.labels['labels'] == (amount or 'all')],
            {row.key: row.name for row in design.rows},
            plan.baseline,
            plan.metric,
            paired_by='domain' if domains else 'draw',
            averaged_over='draw' if domains else None,
        )
        for amount in design.amounts
    }
    return MethodComparison(comparisons, records, choices, describe_protocol(plan, design, records))


def describe_costs(plan: ComparisonPlan, folder: str | Path, executor: str | Executor = 'auto') -> list[str]:
    """What would be run and about how long it takes, by a step of each row that is tried.

    Example:
        >>> print(*describe_costs(plan, 'work_dirs/flowers'), sep=', ')  # doctest: +SKIP
    """
    design = plan.design
    tuned, reported = plan.runs
    width = named_executor(executor, tuned + reported).width if isinstance(executor, str) else executor.width
    lines = [f'judged by {plan.metric}; baseline {plan.baseline}']
    by_row: dict[str, float] = {}
    for run in Design(design.rows, design.amounts, 1, 0, design.domains).final_runs(
        {(row.key, amount, domain): {} for row in design.rows for amount in design.amounts for domain in design.domains}
    ):
        place = (run.labels['method'], run.labels['labels'], run.labels.get('domain', ''))
        cost = dry_run(load_config(run.config, {**run.overrides, 'work_dir': str(folder)}))
        lines.append(f'{" ".join(map(str, place)).strip()}: {_told(cost)}')
        if cost.seconds is not None:
            by_row[run.name] = cost.seconds
    lines.append(
        f'{tuned + reported} runs: {tuned} to choose settings on validation ({design.trials} trials for each row), '
        f'{reported} that are tested ({design.seeds} draws for each row); {width} at a time'
    )
    if by_row:
        total = total_seconds(by_row, design.trials, design.seeds, width)
        lines.append(f'about {in_time(total)} for the training steps alone; validation, reading and writing come to it')
        if plan.budget is not None:
            lines.append(f'budget {in_time(plan.budget)}: seeds are cut by what the first runs take, trials never')
    return lines


def describe_protocol(plan: ComparisonPlan, design: Design, records: Sequence[RunRecord]) -> list[str]:
    """Sentences that say how the numbers came about.

    Args:
        plan: The comparison.
        design: As it was carried out.
        records: Of the runs that are reported.
    """
    counts = {split: sorted({record.data.get(split, {}).get('images', 0) for record in records}) for split in WORDS}
    numbers = ', '.join(f'{" or ".join(map(str, counts[split]))} {word}' for split, word in WORDS.items())
    sentences = [f'Images: {numbers}.']
    if design.holds_out_domains:
        sentences.append(
            f'Each of {len(design.domains)} domains is held out in turn and is a pair of the comparison; its draws are '
            'averaged.'
        )
    else:
        sentences.append(
            "The test images are those of the data's own test split or, without one, "
            f'{TEST_FRACTION:.0%} of the images, the same in all draws.'
        )
    if design.trials:
        sentences.append(
            f'Settings were chosen on validation images of draw {TUNING_DRAW}, which is not reported, by '
            f'{design.trials} trials for every row: those of the config, then points of the space of its method. '
            'No test image was read for that.'
        )
    else:
        sentences.append('No settings were searched: every row has those of its config.')
    if design.seeds < plan.design.seeds:
        sentences.append(f'The budget allowed {design.seeds} of {plan.design.seeds} draws.')
    draws = 'One draw (0)' if design.seeds == 1 else f'{design.seeds} draws (0 to {design.seeds - 1})'
    sentences.append(
        f'{draws}: a draw fixes the validation images, the labels and all chance, alike for every row. Each model was '
        'tested once, with the epoch that validation chose. Intervals are over '
        + ('domains.' if design.holds_out_domains else 'draws, for these test images.')
    )
    return sentences


def _first_runs(design: Design) -> list[Run]:
    """One run of each row."""
    if design.trials:
        return [run for run in design.tuning_runs() if run.labels['trial'] == 0]
    return design.with_seeds(1).final_runs({place: {} for place in _places(design)})


def _within_budget(plan: ComparisonPlan, first: Sequence[RunRecord], width: int) -> tuple[Design, str]:
    """The design with as many draws as the time allows, by what one run of each row took, and that in words."""
    assert plan.budget is not None, 'there is a budget'
    design = plan.design
    by_run = {record.name: record.seconds for record in first}
    fewest = 1 if design.holds_out_domains else FEWEST_PAIRS
    seeds = seeds_within(plan.budget, by_run, design.trials, design.seeds, width, fewest)
    total = total_seconds(by_run, design.trials, seeds, width)
    told = f'{design.seeds} draws {"do not fit" if seeds < design.seeds else "fit"} into {in_time(plan.budget)}'
    cut = f': {seeds} are done, with all {design.trials} trials of every row' if seeds < design.seeds else ''
    return design.with_seeds(seeds), f'{told}{cut}; about {in_time(total)} in all'


def _choices(plan: ComparisonPlan, design: Design, runs: Sequence[Run], records: Sequence[RunRecord]) -> list[Choice]:
    """The best trial of each row on validation, the earliest of equals."""
    found = []
    for method, labels, domain in _places(design):
        own = [
            (run, record)
            for run, record in zip(runs, records, strict=True)
            if (run.labels['method'], run.labels['labels'], run.labels.get('domain', ''))
            == (method, labels or 'all', domain)
        ]
        scores = [record.metrics['val'][plan.metric] for _, record in own]
        trial = max(range(len(scores)), key=lambda index: scores[index]) if scores else 0
        settings = design.settings_of(method, domain)[trial] if scores else {}
        found.append(Choice(method, labels, domain, trial, settings, scores))
    return found


def _places(design: Design) -> list[tuple[str, Amount, str]]:
    return [(row.key, amount, domain) for amount in design.amounts for domain in design.domains for row in design.rows]


def _data_root(overrides: Overrides) -> str:
    """The folder of the data, as it was written."""
    if isinstance(overrides, Mapping):
        given = [overrides['data_root']] if 'data_root' in overrides else []
    else:
        given = [text.partition('=')[2] for text in overrides if text.partition('=')[0].strip() == 'data_root']
    if not given:
        raise ConfigError('which data? give data_root=FOLDER, or name configs that know theirs: methods=ce/r50_cifar10')
    return str(given[-1])


def _told(cost: Any) -> str:
    if cost.seconds is None:
        return f'{cost.steps} steps; cost not known: {cost.unknown}'
    return f'{cost.steps} steps of {in_time(cost.step_seconds)}, {in_time(cost.seconds)} a run'
