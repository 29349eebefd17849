"""What came of the runs of a table, cell by cell."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cft.evaluation import PairedDifference, holm, paired_difference
from cft.experiments import RunRecord

from .model import Cell, Metric
from .runs import TablePlan

OWN = {'hours': lambda record: record.seconds / 3600, 'step_seconds': lambda record: record.step_seconds}


@dataclass(frozen=True)
class CellResult:
    """A cell beside what was measured.

    Attributes:
        cell: With what is published.
        metric: What the runs report.
        values: By seed, of the runs that are finished.
        difference: Of the measured mean to the published figure, with the interval of the mean; None where one of
            them is missing, or another thing is measured.
        beside: Paired difference to the baseline row of the same column; None where there is none.
        adjusted_p: Its p-value by Holm, corrected for the rows of its column.

    Example:
        >>> CellResult(Cell('ce', 'dtd', Metric('accuracy', 'accuracy/top1'), 71.68), None, {0: 71.0, 1: 72.0}).mean
        71.5
    """

    cell: Cell
    metric: Metric | None
    values: Mapping[int, float] = field(default_factory=dict)
    difference: PairedDifference | None = None
    beside: PairedDifference | None = None
    adjusted_p: float | None = None

    @property
    def mean(self) -> float | None:
        """Over the seeds."""
        return sum(self.values.values()) / len(self.values) if self.values else None

    @property
    def std(self) -> float | None:
        """Over the seeds; None for fewer than two."""
        if len(self.values) < 2 or self.mean is None:
            return None
        return math.sqrt(sum((value - self.mean) ** 2 for value in self.values.values()) / (len(self.values) - 1))


def collect_results(plan: TablePlan, records: Sequence[RunRecord]) -> list[CellResult]:
    """Every cell of a table beside the runs that are finished.

    Args:
        plan: Of the whole table.
        records: Of runs, others among them.

    Returns:
        In the order of the table.

    Example:
        >>> from cft.apis.tables.reading import read_table
        >>> from cft.apis.tables.runs import plan_table
        >>> plan = plan_table(read_table('schane/table_1'), 'paper', [0])
        >>> len(collect_results(plan, []))
        56
    """
    # A changed config makes another run of the same name; the newest counts.
    by_name = {record.name: record for record in sorted(records, key=lambda record: record.started)}
    found = {cell.name: _measured(cell, plan, by_name) for cell in plan.table.cells}
    for cell in plan.table.cells:
        if cell.average_of:
            found[cell.name] = _averaged(cell, [found.get(f'{cell.row}.{column}') for column in cell.average_of])
    compared = _beside_baseline(plan, found)
    return [
        replace(compared[cell.name], difference=_to_published(compared[cell.name], plan)) for cell in plan.table.cells
    ]


def _measured(cell: Cell, plan: TablePlan, records: Mapping[str, RunRecord]) -> CellResult:
    metric = cell.metric_of(plan.mode)
    values = {}
    names = plan.of_cell.get(cell.name)
    for seed, name in zip(plan.seeds, names, strict=True) if names else ():
        value = _value(records[name], metric) if name in records and metric.key is not None else None
        if value is not None:
            values[seed] = value
    return CellResult(cell, metric, values)


def _value(record: RunRecord, metric: Metric) -> float | None:
    if metric.key in OWN:
        return OWN[metric.key](record)
    value = record.metrics.get(metric.split, {}).get(metric.key or '')
    # COCO's measures are parts of one.
    return 100 * value if value is not None and str(metric.key).startswith('coco/') and metric.unit == '%' else value


def _averaged(cell: Cell, parts: Sequence[CellResult | None]) -> CellResult:
    """By seed, of the seeds that all columns have."""
    there = [part for part in parts if part is not None]
    if len(there) < len(parts) or not there:
        return CellResult(cell, cell.metric)
    seeds = set.intersection(*(set(part.values) for part in there))
    values = {seed: sum(part.values[seed] for part in there) / len(there) for seed in sorted(seeds)}
    return CellResult(cell, there[0].metric, values)


def _to_published(result: CellResult, plan: TablePlan) -> PairedDifference | None:
    if plan.mode == 'stand-in' or result.cell.value is None or not result.values:
        return None
    values = list(result.values.values())
    return paired_difference(values, [result.cell.value] * len(values))


def _beside_baseline(plan: TablePlan, found: Mapping[str, CellResult]) -> dict[str, CellResult]:
    """Rows of a column against its baseline, the first row that was run where the table names none."""
    results = dict(found)
    for column in plan.table.columns:
        own = [found[cell.name] for cell in plan.table.cells if cell.column == column and found[cell.name].values]
        base = next((one for one in own if one.cell.row == plan.table.baseline), own[0] if own else None)
        pairs: dict[str, PairedDifference] = {}
        for one in own:
            seeds = sorted(set(one.values) & set(base.values)) if base is not None and one is not base else []
            if base is not None and len(seeds) > 1:
                pairs[one.cell.name] = paired_difference(
                    [one.values[seed] for seed in seeds], [base.values[seed] for seed in seeds]
                )
        corrected = dict(zip(pairs, holm([pair.p for pair in pairs.values()]), strict=True))
        for name, pair in pairs.items():
            results[name] = replace(results[name], beside=pair, adjusted_p=corrected[name])
    return results
