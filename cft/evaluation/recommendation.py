"""Say in words which method to take, what a comparison supports, and what it does not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .comparison import FEWEST_PAIRS, Comparison, MethodResult, MetricResult, direction
from .differences import PairedDifference


@dataclass(frozen=True)
class Recommendation:
    """Which method to take.

    Attributes:
        key: Of the method; None where the pairs are too few for a choice.
        sentence: The choice and its reason.

    Example:
        >>> Recommendation('ce', 'No difference: no method is better than CE, so take CE.').key
        'ce'
    """

    key: str | None
    sentence: str


def recommend(comparison: Comparison) -> Recommendation:
    """Choose by a rule that is fixed beforehand.

    1. A method is better than the baseline where the paired difference says so
       at 5 %, corrected by Holm for all methods.
    2. Where none is, there is no difference to act on: the baseline is taken.
    3. Of several that are, the one of the best mean is taken, or one that takes
       less time for a step if the paired difference of the two, corrected for
       all pairs of methods, cannot tell it from that one.

    Args:
        comparison: From :func:`compare_methods`.

    Example:
        >>> recommend(comparison).sentence  # doctest: +SKIP
        'Take SCHaNe: +0.76 (95 % interval +0.21 to +1.31) against CE.'
    """
    sign = direction(comparison.metric) or 1
    base = comparison.method(comparison.baseline)
    others = [method for method in comparison.methods if method is not base]
    if not others:
        return Recommendation(base.key, f'{base.name} is the only method.')
    if len(base.pairs) < FEWEST_PAIRS:
        runs = f'{len(base.pairs)} {comparison.paired_by}{"s were" if len(base.pairs) > 1 else " was"} run'
        return Recommendation(
            None,
            f'No choice can be made: only {runs}, which {"decide" if len(base.pairs) > 1 else "decides"} nothing. '
            f'{_best_means(comparison, sign)}; '
            + ('more seeds tell.' if comparison.paired_by == 'draw' else f'more {comparison.paired_by}s would tell.'),
        )
    better = [method for method in others if _main(comparison, method).verdict == ('above' if sign > 0 else 'below')]
    if not better:
        left = [method for method in others if _main(comparison, method).verdict == 'not distinguishable']
        if not left:
            return Recommendation(base.key, f'Take {base.name}: every other method is worse.')
        return Recommendation(
            base.key,
            f'No difference: no method is better than {base.name}, so take {base.name}. '
            + _not_excluded(comparison, left, sign),
        )
    best = max(better, key=lambda method: sign * _main(comparison, method).mean)
    equals = [method for method in better if method is best or not _told_apart(comparison, best, method)]
    chosen = min(equals, key=lambda method: (method.step_time_ratio or 1.0, method is not best))
    gain = f'{described_difference(_difference(comparison, chosen), _digits(comparison))} against {base.name}'
    if chosen is best:
        return Recommendation(best.key, f'Take {best.name}: {gain}.')
    return Recommendation(
        chosen.key,
        f'Take {chosen.name}: {gain}. {best.name} has the best mean, but cannot be told from it; a step takes '
        f'{best.step_time_ratio or 1.0:.2f} times as long as with {base.name}, with {chosen.name} '
        f'{chosen.step_time_ratio or 1.0:.2f} times.',
    )


def statements(comparison: Comparison) -> list[str]:
    """Sentences that the numbers support, and those that they do not.

    Args:
        comparison: From :func:`compare_methods`.

    Returns:
        The recommendation, one sentence for each method against the baseline,
        one on pairs of other methods, and what the words rest on.

    Example:
        >>> statements(comparison)[0]  # doctest: +SKIP
        'Take SCHaNe: +0.76 (95 % interval +0.21 to +1.31) against CE.'
    """
    base = comparison.method(comparison.baseline)
    others = [method for method in comparison.methods if method is not base]
    sentences = [recommend(comparison).sentence]
    if not others or len(base.pairs) < FEWEST_PAIRS:
        return sentences
    sentences += [_against_baseline(comparison, base, method) for method in others]
    if len(others) > 1:
        sentences.append(_among_others(comparison))
    sentences.append(
        f'Above and below: the paired difference over {len(base.pairs)} {comparison.paired_by}s has a p-value below '
        '0.05 (t-test, two-sided) after correction by Holm for the number of comparisons. Intervals are of 95 % each, '
        'without that correction. Not distinguishable is not equal: more '
        f'{comparison.paired_by}s may tell two methods apart.'
    )
    return sentences


def described_difference(difference: PairedDifference, digits: int = 2) -> str:
    """A difference and its interval as text.

    Example:
        >>> described_difference(PairedDifference(5, 0.76, 0.21, 1.31, 0.01))
        '+0.76 (95 % interval +0.21 to +1.31)'
    """
    mean = signed(difference.mean, digits)
    if difference.pairs < 2:
        return f'{mean} (one pair, no interval)'
    if math.isnan(difference.low):
        return f'{mean} (the same in all {difference.pairs} pairs, no interval)'
    return f'{mean} (95 % interval {signed(difference.low, digits)} to {signed(difference.high, digits)})'


def signed(value: float, digits: int) -> str:
    """A number with its sign; what rounds to zero is ``+0``.

    Example:
        >>> signed(-0.001, 2)
        '+0.00'
    """
    return f'{round(value, digits) + 0.0:+.{digits}f}'


def _main(comparison: Comparison, method: MethodResult) -> MetricResult:
    return method.metrics[comparison.metric]


def _difference(comparison: Comparison, method: MethodResult) -> PairedDifference:
    difference = _main(comparison, method).difference
    assert difference is not None, 'the baseline has no difference'
    return difference


def digits_of(values: Sequence[float]) -> int:
    """Decimals to show: two for per cents, four for fractions.

    Example:
        >>> digits_of([91.25, 3.0]), digits_of([0.631, 0.02])
        (2, 4)
    """
    return 4 if all(abs(value) <= 1 for value in values) else 2


def _told_apart(comparison: Comparison, one: MethodResult, other: MethodResult) -> bool:
    pair = next(pair for pair in comparison.pairs if {pair.first, pair.second} == {one.key, other.key})
    return pair.verdict in ('above', 'below')


def _digits(comparison: Comparison) -> int:
    return digits_of([method.metrics[comparison.metric].mean for method in comparison.methods])


def _best_means(comparison: Comparison, sign: int) -> str:
    """Who is ahead in the mean, several where they are exactly equal."""
    highest = max(sign * _main(comparison, method).mean for method in comparison.methods)
    names = [method.name for method in comparison.methods if sign * _main(comparison, method).mean == highest]
    if len(names) == len(comparison.methods):
        return 'All have the same mean'
    if len(names) == 1:
        return f'{names[0]} has the best mean, perhaps by chance'
    return f'{", ".join(names[:-1])} and {names[-1]} share the best mean, perhaps by chance'


def _not_excluded(comparison: Comparison, methods: Sequence[MethodResult], sign: int) -> str:
    """What the intervals leave open."""

    def most(method: MethodResult) -> float:
        difference = _difference(comparison, method)
        end = difference.high if sign > 0 else difference.low
        return sign * (difference.mean if math.isnan(end) else end)

    method = max(methods, key=most)
    return f'The intervals leave open up to {signed(sign * most(method), _digits(comparison))} ({method.name}).'


def _against_baseline(comparison: Comparison, base: MethodResult, method: MethodResult) -> str:
    result = _main(comparison, method)
    text = described_difference(_difference(comparison, method), _digits(comparison))
    number = f'corrected p {result.adjusted_p:.2g}'
    if result.verdict == 'not distinguishable':
        return f'{method.name} is not distinguishable from {base.name}: {text}, {number}.'
    return f'{method.name} is {result.verdict} {base.name}: {text}, {number}.'


def _among_others(comparison: Comparison) -> str:
    names = {method.key: method.name for method in comparison.methods}
    told = [
        f'{names[pair.first]} {pair.verdict} {names[pair.second]}'
        for pair in comparison.pairs
        if comparison.baseline not in (pair.first, pair.second) and pair.verdict in ('above', 'below')
    ]
    if told:
        return f'Of the others among themselves (corrected for all pairs of methods): {"; ".join(told)}.'
    return 'An order among the other methods is not established: no two of them can be told apart.'
