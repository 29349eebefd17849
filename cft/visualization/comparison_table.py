"""The tables of a comparison: for people, for a program, and over several amounts of labels."""

import math
from collections.abc import Collection, Mapping, Sequence

from cft.evaluation.comparison import Comparison, MethodResult, MetricResult, direction
from cft.evaluation.recommendation import digits_of, signed

from .amounts import shown_memory, shown_time
from .metric_names import shown_name
from .tables import Table

# Besides the main metric; more make lines that no screen holds, and stand in the numbers.
MOST_MEASURES = 3
# They come with every classification; what was asked for is shown first.
LAST = 'calibration'


def comparison_table(
    comparison: Comparison, measures: Sequence[str] | None = None, compared: Collection[str] = ()
) -> Table:
    """A row for each method: the main metric, its difference to the baseline, measures, time and memory.

    A best value is bold where its difference to the baseline is significant
    (or, of the baseline, where every other method is significantly worse).

    Args:
        comparison: From :func:`cft.evaluation.compare_methods`.
        measures: Names of metrics besides the main one; None: the first that there are.
        compared: Those of the measures that have their difference beside them too.

    Example:
        >>> print(text(comparison_table(comparison)))  # doctest: +SKIP
        method |  accuracy (%) |       minus CE, 95 % | p (Holm) | step x CE
        -------+---------------+----------------------+----------+----------
        CE     | 94.52 ± 0.90  |                    - |        - |      1.00
        SCHaNe | 95.21 ± 0.63  | +0.69 (+0.2 to +1.2) |     0.02 |      1.88
    """
    base = comparison.method(comparison.baseline)
    others = sorted(base.metrics, key=lambda name: name.startswith(LAST))
    others.remove(comparison.metric)
    names = others[:MOST_MEASURES] if measures is None else list(measures)
    known = {
        'time': any(method.seconds for method in comparison.methods),
        'step': any(method.step_time_ratio is not None for method in comparison.methods),
        'memory': any(method.peak_bytes is not None for method in comparison.methods),
    }
    columns, places = ['method'], {}
    for name in (comparison.metric, *names):
        places[name] = len(columns)
        columns.append(shown_name(name))
        if name == comparison.metric or name in compared:
            columns += [f'minus {base.name} (95 %)', 'p (Holm)']
    columns += [f'step x {base.name}'] * known['step'] + ['time a run'] * known['time'] + ['memory'] * known['memory']
    rows = []
    for method in comparison.methods:
        row = [method.name]
        for name in places:
            result, digits = method.metrics[name], _digits(comparison, name)
            row.append(_with_spread(result, digits))
            if name == comparison.metric or name in compared:
                row += [_difference(result, digits), _p(result)]
        row += [_ratio(method)] * known['step'] + [shown_time(method.seconds)] * known['time']
        row += ['-' if method.peak_bytes is None else shown_memory(method.peak_bytes)] * known['memory']
        rows.append(row)
    bold = {(best, column) for name, column in places.items() if (best := _best(comparison, name)) is not None}
    number = f'{len(base.pairs)} {comparison.paired_by}{"s" * (len(base.pairs) != 1)}'
    note = f'{number}; ± one standard deviation; bold: best, and significantly so'
    return Table(columns, rows, bold, note)


def numbers_table(comparisons: Mapping[str, Comparison]) -> Table:
    """Every number of one or several comparisons, a row for each method and metric, for a spreadsheet or a program.

    Args:
        comparisons: By the amount of labels.
    """
    columns = [
        'labels', 'method', 'metric', 'pairs', 'mean', 'std', 'difference', 'low', 'high', 'p', 'p_holm', 'verdict',
        'seconds', 'step_seconds', 'peak_bytes', 'values',
    ]  # fmt: skip
    rows = []
    for labels, comparison in comparisons.items():
        for method in comparison.methods:
            for name, result in method.metrics.items():
                found = result.difference
                statistics = ['', '', '', '', ''] if found is None else [
                    *map(_plain, (found.mean, found.low, found.high, found.p, result.adjusted_p))
                ]  # fmt: skip
                cost = map(_plain, (method.seconds, method.step_seconds, method.peak_bytes))
                values = ' '.join(map(_plain, result.values))
                head = [labels, method.name, name, str(len(result.values)), _plain(result.mean), _plain(result.std)]
                rows.append([*head, *statistics, result.verdict, *cost, values])
    return Table(columns, rows)


def learning_curve_table(comparisons: Mapping[str, Comparison]) -> Table:
    """The main metric over amounts of labels, a row for each method.

    Args:
        comparisons: By the amount of labels, in the order to show.
    """
    first = next(iter(comparisons.values()))
    columns = [
        'method',
        *(f'{labels} of labels' if labels.endswith('%') else f'{labels} labels' for labels in comparisons),
    ]
    rows = [
        [
            method.name,
            *(
                _with_spread(other.method(method.key).metrics[other.metric], _digits(other, other.metric))
                for other in comparisons.values()
            ),
        ]
        for method in first.methods
    ]
    bold = {
        (best, column)
        for column, comparison in enumerate(comparisons.values(), start=1)
        if (best := _best(comparison, comparison.metric)) is not None
    }
    return Table(columns, rows, bold, f'{shown_name(first.metric)} by labels of each class')


def _best(comparison: Comparison, name: str) -> int | None:
    """Row of the best method in a metric, if that is significant."""
    sign = direction(name)
    results = [method.metrics[name] for method in comparison.methods]
    if not sign or len(results) < 2 or any(math.isnan(result.mean) for result in results):
        return None
    best = max(range(len(results)), key=lambda row: sign * results[row].mean)
    if comparison.methods[best].key == comparison.baseline:
        worse = 'below' if sign > 0 else 'above'
        rest = [result for row, result in enumerate(results) if row != best]
        return best if all(result.verdict == worse for result in rest) else None
    return best if results[best].verdict == ('above' if sign > 0 else 'below') else None


def _digits(comparison: Comparison, name: str) -> int:
    return digits_of([method.metrics[name].mean for method in comparison.methods])


def _with_spread(result: MetricResult, digits: int) -> str:
    mean = f'{result.mean:.{digits}f}'
    return mean if math.isnan(result.std) else f'{mean} ± {result.std:.{digits}f}'


def _difference(result: MetricResult, digits: int) -> str:
    found = result.difference
    if found is None:
        return '-'
    if math.isnan(found.low):
        return signed(found.mean, digits)
    return f'{signed(found.mean, digits)} ({signed(found.low, digits)} to {signed(found.high, digits)})'


def _p(result: MetricResult) -> str:
    if result.adjusted_p is None or math.isnan(result.adjusted_p):
        return '-'
    return f'{result.adjusted_p:.2g}' if result.adjusted_p >= 1e-4 else '< 0.0001'


def _ratio(method: MethodResult) -> str:
    return '-' if method.step_time_ratio is None else f'{method.step_time_ratio:.2f}'


def _plain(value: float | None) -> str:
    return '' if value is None or math.isnan(value) else f'{value:.10g}'
