"""Compare methods with a baseline over paired draws."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class MethodSummary:
    """One method over all draws; ``difference`` is None for the baseline itself.

    Attributes:
        key: Identifier of the method.
        name: Name to show.
        draws: Number of draws n.
        accuracy: Mean, per cent.
        accuracy_std: Standard deviation over draws (n - 1), nan for one draw.
        difference: Mean paired difference to the baseline, percentage points.
        difference_error: Standard error of ``difference``, nan for one draw.
        tightness: Mean of within-class over total scatter (W/T), smaller is tighter.
        tighter_draws: Draws in which W/T is below the baseline's.
        step_time_ratio: Median over draws of the step time over the baseline's.

    Example:
        >>> scl = MethodSummary('scl', 'SCL', 3, 92.5, 0.7, 1.5, 0.5, 0.2, tighter_draws=3, step_time_ratio=1.1)
        >>> scl.verdict
        'above'
    """

    key: str
    name: str
    draws: int
    accuracy: float
    accuracy_std: float
    difference: float | None
    difference_error: float | None
    tightness: float
    tighter_draws: int
    step_time_ratio: float

    @property
    def verdict(self) -> str:
        """``'baseline'``, or by two standard errors ``'above'``, ``'below'`` or ``'not distinguishable'``."""
        if self.difference is None:
            return 'baseline'
        difference, error = self.interval
        if difference > 2 * error:
            return 'above'
        return 'below' if difference < -2 * error else 'not distinguishable'

    @property
    def interval(self) -> tuple[float, float]:
        """``difference`` and ``difference_error`` of a method that is not the baseline."""
        assert self.difference is not None and self.difference_error is not None, 'the baseline has no difference'
        return self.difference, self.difference_error


def baseline_of(summaries: Sequence[MethodSummary]) -> MethodSummary:
    """The summary of the baseline.

    Raises:
        ValueError: If it is not among them.

    Example:
        >>> baseline_of([MethodSummary('ce', 'CE', 3, 91.0, 0.7, None, None, 0.3, 0, 1.0)]).name
        'CE'
    """
    for summary in summaries:
        if summary.difference is None:
            return summary
    raise ValueError('the baseline is not among the summaries')


def runs_by_draw(runs: Sequence[Mapping[str, Any]], method: str) -> dict[int, Mapping[str, Any]]:
    """Runs of one method, keyed and sorted by draw.

    Raises:
        ValueError: If a draw occurs twice.

    Example:
        >>> runs_by_draw([dict(method='ce', draw=1), dict(method='ce', draw=0), dict(method='scl', draw=0)], 'ce')
        {0: {'method': 'ce', 'draw': 0}, 1: {'method': 'ce', 'draw': 1}}
    """
    found: dict[int, Mapping[str, Any]] = {}
    for run in runs:
        if run['method'] != method:
            continue
        if run['draw'] in found:
            raise ValueError(f'method {method!r} has draw {run["draw"]} twice')
        found[run['draw']] = run
    return dict(sorted(found.items()))


def summarise(
    runs: Sequence[Mapping[str, Any]], methods: Sequence[Mapping[str, str]], baseline: str
) -> list[MethodSummary]:
    """Summarise every method, paired with the baseline by draw.

    Args:
        runs: Mappings with ``method``, ``draw``, ``accuracy`` (per cent),
            ``tightness`` (W/T) and ``step_time`` (seconds).
        methods: Mappings with ``key`` and ``name``, in the order to show.
        baseline: Key of the method that the others are compared with.

    Returns:
        One summary for each of ``methods``, in their order.

    Raises:
        ValueError: If a key occurs twice in ``methods``, the baseline has no
            run or is not among them, a run belongs to none of them, a draw
            occurs twice, a method and the baseline do not share all draws, or
            an accuracy is not finite.

    Example:
        >>> runs = [dict(method=key, draw=draw, accuracy=value, tightness=0.2, step_time=0.01)
        ...         for key, values in dict(ce=(90.0, 92.0), scl=(92.0, 93.0)).items()
        ...         for draw, value in enumerate(values)]
        >>> methods = [dict(key='ce', name='CE'), dict(key='scl', name='SCL')]
        >>> scl = summarise(runs, methods, baseline='ce')[1]
        >>> scl.difference, scl.difference_error
        (1.5, 0.5)
    """
    keys = [method['key'] for method in methods]
    if len(set(keys)) < len(keys):
        raise ValueError(f'a method key occurs twice in {keys}')
    if baseline not in keys:
        raise ValueError(f'baseline {baseline!r} is not among the methods {keys}')
    for run in runs:
        if run['method'] not in keys:
            raise ValueError(f'a run belongs to the unknown method {run["method"]!r}; methods are {keys}')
        if not math.isfinite(run['accuracy']):
            raise ValueError(f'method {run["method"]!r}, draw {run["draw"]}: accuracy is {run["accuracy"]}')
    reference = runs_by_draw(runs, baseline)
    if not reference:
        raise ValueError(f'the baseline {baseline!r} has no run')
    return [_summarise_one(runs_by_draw(runs, method['key']), reference, method, baseline) for method in methods]


def _summarise_one(
    own: Mapping[int, Mapping[str, Any]],
    reference: Mapping[int, Mapping[str, Any]],
    method: Mapping[str, str],
    baseline: str,
) -> MethodSummary:
    for owner, there, here in ((method['key'], reference, own), (baseline, own, reference)):
        for draw in there:
            if draw not in here:
                raise ValueError(f'method {owner!r} lacks draw {draw}, so {method["key"]!r} cannot be paired')

    def column(source: Mapping[int, Mapping[str, Any]], field: str) -> np.ndarray:
        return np.array([source[draw][field] for draw in reference], dtype=float)

    accuracy, tightness, step_time = (column(own, field) for field in ('accuracy', 'tightness', 'step_time'))
    differences = accuracy - column(reference, 'accuracy')
    is_baseline = method['key'] == baseline
    return MethodSummary(
        key=method['key'],
        name=method['name'],
        draws=len(reference),
        accuracy=float(accuracy.mean()),
        accuracy_std=_sample_std(accuracy),
        difference=None if is_baseline else float(differences.mean()),
        difference_error=None if is_baseline else _sample_std(differences) / math.sqrt(len(differences)),
        tightness=float(tightness.mean()),
        tighter_draws=int((tightness < column(reference, 'tightness')).sum()),
        step_time_ratio=float(np.median(step_time / column(reference, 'step_time'))),
    )


def _sample_std(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan
