"""Compare methods, checkpoints and amounts of labels on somebody's own data: tune, draw, test, conclude."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cft.apis.experiments.runs import LOG, run_plan
from cft.apis.running.planning import forgotten_instances
from cft.engine.run_cost import in_time
from cft.evaluation import Comparison, compare_methods
from cft.evaluation.comparison import FEWEST_PAIRS
from cft.experiments import Executor, PlanProgress, Run, RunRecord, named_executor
from cft.experiments.printing import printed_to

from .amounts import Amount, amount_label
from .budget import seeds_within, total_seconds
from .plan import ComparisonPlan
from .protocol import describe_protocol
from .runs import Design


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
        comparisons: By the amount of labels: ``'5'``, ``'1%'``, ``'all'``.
        records: Of the runs that are reported.
        choices: What validation chose.
        protocol: Sentences that say how the numbers came about.
    """

    comparisons: dict[str, Comparison]
    records: list[RunRecord]
    choices: list[Choice]
    protocol: list[str]


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
        str(amount_label(amount)): compare_methods(
            [record for record in records if record.labels['labels'] == amount_label(amount)],
            {row.key: row.name for row in design.rows},
            plan.baseline,
            plan.metric,
            paired_by='domain' if domains else 'draw',
            averaged_over='draw' if domains else None,
        )
        for amount in design.amounts
    }
    return MethodComparison(comparisons, records, choices, describe_protocol(plan, design, records))


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
            == (method, amount_label(labels), domain)
        ]
        scores = [record.metrics['val'][plan.metric] for _, record in own]
        trial = max(range(len(scores)), key=lambda index: scores[index]) if scores else 0
        settings = design.settings_of(method, domain)[trial] if scores else {}
        found.append(Choice(method, labels, domain, trial, settings, scores))
    return found


def _places(design: Design) -> list[tuple[str, Amount, str]]:
    return [(row.key, amount, domain) for amount in design.amounts for domain in design.domains for row in design.rows]
