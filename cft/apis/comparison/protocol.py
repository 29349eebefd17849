"""Say what a comparison will cost, and how its numbers came about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cft.apis.configs.config import load_config
from cft.apis.running.planning import dry_run
from cft.engine.run_cost import in_time
from cft.experiments import Executor, RunRecord, named_executor

from .budget import total_seconds
from .plan import ComparisonPlan
from .runs import TEST_FRACTION, TUNING_DRAW, Design

WORDS = {'train': 'training', 'val': 'validation', 'test': 'test'}


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


def _told(cost: Any) -> str:
    if cost.seconds is None:
        return f'{cost.steps} steps; cost not known: {cost.unknown}'
    return f'{cost.steps} steps of {in_time(cost.step_seconds)}, {in_time(cost.seconds)} a run'
