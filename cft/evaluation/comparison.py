"""Methods against a baseline over paired draws, in every metric that their runs have."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any, Protocol

import numpy as np

from cft.errors import DataError

from .differences import CONFIDENCE, PairedDifference, holm, paired_difference
from .embedding_measures import KNOWN_MEASURES

# With two pairs the interval is 12.7 standard errors wide, and equal differences are likely by chance.
FEWEST_PAIRS = 3
DIRECTIONS = {'higher': 1, 'lower': -1, '': 0}


class Record(Protocol):
    """What is read of a run; :class:`cft.experiments.RunRecord` is one."""

    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, Any]: ...
    @property
    def metrics(self) -> Mapping[str, Mapping[str, float]]: ...
    @property
    def seconds(self) -> float: ...
    @property
    def step_seconds(self) -> float | None: ...
    @property
    def peak_bytes(self) -> int | None: ...


@dataclass(frozen=True)
class MetricResult:
    """One metric of one method.

    Attributes:
        values: One for each pair.
        mean: Of the values.
        std: Standard deviation over pairs (n - 1); nan for one pair.
        difference: To the baseline; None for the baseline itself.
        adjusted_p: Of the difference, corrected by Holm for all methods of the comparison; None for the baseline.

    Example:
        >>> MetricResult([93.0, 95.0], mean=94.0, std=1.41).verdict
        'baseline'
    """

    values: list[float]
    mean: float
    std: float
    difference: PairedDifference | None = None
    adjusted_p: float | None = None

    @property
    def verdict(self) -> str:
        """``'baseline'``, ``'too few draws'``, or by the corrected p at 5 % ``'above'``, ``'below'`` or neither.

        Example:
            >>> MetricResult([93.0] * 5, 93.0, 0.1, PairedDifference(5, 1.0, 0.5, 1.5, 0.001), 0.005).verdict
            'above'
        """
        return _verdict(self.difference, self.adjusted_p)


@dataclass(frozen=True)
class PairOfMethods:
    """Two methods, each other's reference, on the main metric.

    Attributes:
        first: Key of a method.
        second: Key of another.
        difference: First minus second.
        adjusted_p: Corrected by Holm for all pairs of methods.

    Example:
        >>> PairOfMethods('scl', 'coin', PairedDifference(5, -1.0, -1.5, -0.5, 0.001), adjusted_p=0.01).verdict
        'below'
    """

    first: str
    second: str
    difference: PairedDifference
    adjusted_p: float

    @property
    def verdict(self) -> str:
        """Of the first, as :attr:`MetricResult.verdict`."""
        return _verdict(self.difference, self.adjusted_p)


@dataclass(frozen=True)
class MethodResult:
    """One method over all pairs.

    Attributes:
        key: Identifier.
        name: To show.
        pairs: What is paired: draws, or held-out domains.
        metrics: Results by name, the main metric first.
        seconds: Median time of a run.
        step_seconds: Median time of a training step; None where nothing was trained.
        step_time_ratio: Median over pairs of the step time over the baseline's; None without times.
        peak_bytes: Most memory of a run; None where not measured.

    Example:
        >>> results = {'mIoU': MetricResult([61.0], 61.0, math.nan)}
        >>> MethodResult('ce', 'CE', [0], results, 90.0, 0.2, 1.0, None).metrics['mIoU'].mean
        61.0
    """

    key: str
    name: str
    pairs: list
    metrics: dict[str, MetricResult]
    seconds: float
    step_seconds: float | None
    step_time_ratio: float | None
    peak_bytes: int | None


@dataclass(frozen=True)
class Comparison:
    """What a table, a report and a recommendation are made of.

    Attributes:
        metric: The main one.
        baseline: Key of the method that the others are compared with.
        methods: In the order to show.
        pairs: Every two methods, on the main metric.
        paired_by: What a pair is: ``'draw'`` or ``'domain'``.

    Example:
        >>> comparison.method('scl').metrics[comparison.metric].verdict  # doctest: +SKIP
        'above'
    """

    metric: str
    baseline: str
    methods: list[MethodResult]
    pairs: list[PairOfMethods]
    paired_by: str = 'draw'

    def method(self, key: str) -> MethodResult:
        """The result of one method."""
        return next(method for method in self.methods if method.key == key)


def direction(metric: str) -> int:
    """1 if a larger value of a metric is better, -1 if a smaller one is, 0 if neither can be said.

    Example:
        >>> direction('accuracy/top1'), direction('calibration/ece'), direction('isotropy')
        (1, -1, 0)
    """
    # The metrics of the tasks, such as mIoU and AP, are larger where they are better.
    return DIRECTIONS[KNOWN_MEASURES[metric].better] if metric in KNOWN_MEASURES else 1


def compare_methods(
    records: Sequence[Record],
    methods: Mapping[str, str],
    baseline: str,
    metric: str,
    split: str = 'test',
    metrics: Sequence[str] | None = None,
    paired_by: str = 'draw',
    averaged_over: str | None = None,
) -> Comparison:
    """Compare every method with the baseline, and every two methods, pair by pair.

    Args:
        records: Of runs with the labels ``method`` and those named below.
        methods: Key and name of each method, in the order to show.
        baseline: Key of one of them.
        metric: The main metric.
        split: Whose metrics.
        metrics: Those to compare besides; None: all that every record has.
        paired_by: Label that makes the pairs.
        averaged_over: Label of runs whose mean is one result, such as the seeds of a held-out domain.

    Raises:
        DataError: If the methods cannot be paired: a run is missing, is there twice, or lacks the main metric.

    Example:
        >>> from types import SimpleNamespace
        >>> records = [SimpleNamespace(name=f'{key}-{draw}', labels=dict(method=key, draw=draw), seconds=9.0,
        ...                            metrics={'test': {'accuracy/top1': value}}, step_seconds=0.01, peak_bytes=None)
        ...            for key, values in dict(ce=(90.0, 92.0, 91.0), scl=(92.0, 93.5, 92.5)).items()
        ...            for draw, value in enumerate(values)]
        >>> scl = compare_methods(records, dict(ce='CE', scl='SCL'), 'ce', 'accuracy/top1').methods[1]
        >>> round(scl.metrics['accuracy/top1'].difference.mean, 2), scl.metrics['accuracy/top1'].verdict
        (1.67, 'above')
    """
    if baseline not in methods:
        raise DataError(f'the baseline {baseline} is none of the methods {", ".join(methods)}')
    runs = {key: _by_pair(records, key, paired_by, averaged_over) for key in methods}
    for key, own in runs.items():
        if own.keys() != runs[baseline].keys() or not own:
            odd = sorted(map(str, own.keys() ^ runs[baseline].keys())) or ['any']
            raise DataError(f'{key} and {baseline} cannot be paired: not both have {paired_by} {", ".join(odd)}')
    used = [record for own in runs.values() for record in own.values()]
    for record in used:
        if not math.isfinite(record.metrics.get(split, {}).get(metric, math.nan)):
            raise DataError(f'run {record.name} has no {metric} on {split}, so that {record.labels} cannot be compared')
    common = set.intersection(*(set(record.metrics[split]) for record in used))
    names = [metric, *(name for name in (sorted(common) if metrics is None else metrics) if name != metric)]
    if lacking := [name for name in names if name not in common]:
        raise DataError(f'not every run has {", ".join(lacking)} on {split}; all have {", ".join(sorted(common))}')
    values = {name: {key: _means(own, split, name) for key, own in runs.items()} for name in names}
    results = {name: _against(rows, baseline) for name, rows in values.items()}
    return Comparison(
        metric,
        baseline,
        [
            MethodResult(
                key,
                name,
                list(dict.fromkeys(pair for pair, _ in runs[key])),
                {metric: result[key] for metric, result in results.items()},
                **_cost(runs[key], runs[baseline]),
            )
            for key, name in methods.items()
        ],
        _all_pairs(values[metric]),
        paired_by,
    )


def _by_pair(records: Sequence[Record], method: str, paired_by: str, averaged_over: str | None) -> dict:
    """The runs of a method by pair and by what is averaged over, sorted."""
    found: dict[tuple, Record] = {}
    for record in records:
        if record.labels.get('method') != method:
            continue
        place = (record.labels[paired_by], record.labels[averaged_over] if averaged_over else 0)
        if place in found:
            raise DataError(f'{method} has {paired_by} {place[0]} twice: {found[place].name} and {record.name}')
        found[place] = record
    return dict(sorted(found.items()))


def _means(runs: Mapping[tuple, Record], split: str, metric: str) -> list[float]:
    pairs: dict[object, list[float]] = {}
    for (pair, _), record in runs.items():
        pairs.setdefault(pair, []).append(float(record.metrics[split][metric]))
    return [float(np.mean(values)) for values in pairs.values()]


def _against(rows: Mapping[str, list[float]], baseline: str) -> dict[str, MetricResult]:
    differences = {key: paired_difference(row, rows[baseline]) for key, row in rows.items() if key != baseline}
    corrected = dict(zip(differences, holm([difference.p for difference in differences.values()]), strict=True))
    return {
        key: MetricResult(
            row,
            float(np.mean(row)),
            float(np.std(row, ddof=1)) if len(row) > 1 else math.nan,
            differences.get(key),
            corrected.get(key),
        )
        for key, row in rows.items()
    }


def _all_pairs(rows: Mapping[str, list[float]]) -> list[PairOfMethods]:
    twos = list(combinations(rows, 2))
    differences = [paired_difference(rows[first], rows[second]) for first, second in twos]
    corrected = holm([difference.p for difference in differences])
    return [
        PairOfMethods(first, second, difference, p)
        for (first, second), difference, p in zip(twos, differences, corrected, strict=True)
    ]


def _cost(runs: Mapping[tuple, Record], reference: Mapping[tuple, Record]) -> dict[str, Any]:
    steps = {place: run.step_seconds for place, run in runs.items() if run.step_seconds}
    bases = {place: run.step_seconds for place, run in reference.items() if run.step_seconds}
    ratios = [seconds / bases[place] for place, seconds in steps.items() if place in bases]
    peaks = [run.peak_bytes for run in runs.values() if run.peak_bytes is not None]
    return {
        'seconds': median(run.seconds for run in runs.values()),
        'step_seconds': median(steps.values()) if steps else None,
        'step_time_ratio': median(ratios) if ratios else None,
        'peak_bytes': max(peaks, default=None),
    }


def _verdict(difference: PairedDifference | None, adjusted_p: float | None) -> str:
    if difference is None or adjusted_p is None:
        return 'baseline'
    if difference.pairs < FEWEST_PAIRS:
        return 'too few draws'
    if not adjusted_p < 1 - CONFIDENCE:
        return 'not distinguishable'
    return 'above' if difference.mean > 0 else 'below'
