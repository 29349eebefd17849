"""Do the runs of a table."""

from pathlib import Path

from cft.apis.experiments.runs import run_plan
from cft.errors import ConfigError
from cft.experiments import Executor, PlanProgress, RunRecord

from .costs import configs_of
from .data_needs import data_needs
from .runs import CHECKPOINTS, TablePlan
from .telling import missing
from .work import WORK


def run_table(
    plan: TablePlan,
    folder: Path,
    executor: str | Executor = 'auto',
    checkpoints: Path = CHECKPOINTS,
    progress: PlanProgress | None = None,
) -> list[RunRecord]:
    """Do those runs of a table that are not finished.

    Args:
        plan: From :func:`cft.apis.tables.runs.plan_table`.
        folder: Of the runs; tables that share it share equal runs.
        executor: As of :func:`cft.apis.run_plan`.
        checkpoints: Folder of the files of others.
        progress: As of :func:`cft.apis.run_plan`.

    Returns:
        The records of all runs.

    Raises:
        ConfigError: With everything that is missing, before the first run.

    Example:
        >>> run_table(plan_table(read_table('sce/table_1'), 'stand-in', range(2)), Path('runs'))  # doctest: +SKIP
    """
    lacking = missing(plan, data_needs(configs_of(plan)), checkpoints)
    if lacking:
        raise ConfigError('\n  '.join([f'{plan.table.name} needs what is not there:', *lacking]))
    return run_plan(plan.runs, folder, executor, progress, WORK)
