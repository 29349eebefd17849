"""What is to be compared, looked over before anything is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cft.apis.configs.overrides import Overrides
from cft.errors import ConfigError

from .amounts import Amount
from .budget import read_duration
from .rows import TASKS, find_task, is_config, rows_of
from .runs import Design, base_config, check_splits_of, domains_of, metric_of

METHODS = ('ce', 'scl', 'coretuning', 'coin', 'schane')
# With fewer, a method is judged by the luck of a few settings.
FEWEST_TRIALS = 8


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
        labels: Of each class, numbers or parts in (0, 1); None: all.
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


def _data_root(overrides: Overrides) -> str:
    """The folder of the data, as it was written."""
    if isinstance(overrides, Mapping):
        given = [overrides['data_root']] if 'data_root' in overrides else []
    else:
        given = [text.partition('=')[2] for text in overrides if text.partition('=')[0].strip() == 'data_root']
    if not given:
        raise ConfigError('which data? give data_root=FOLDER, or name configs that know theirs: methods=ce/r50_cifar10')
    return str(given[-1])
