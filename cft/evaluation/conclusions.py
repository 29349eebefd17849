"""Say in words what a comparison supports, and what it does not."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import stdtr

from .paired import MethodSummary, baseline_of

# With fewer, equal methods differ by more than two standard errors in over a tenth of the comparisons.
FEWEST_DRAWS = 5


def chance_level(draws: int) -> float:
    """Probability that a mean lies more than two standard errors from a true value of 0.

    That is P(abs(T) > 2) of Student's t with ``draws - 1`` degrees of freedom:
    the normal 5 % is far too kind to a handful of draws.

    Args:
        draws: n >= 2.

    Example:
        >>> round(chance_level(10), 3)
        0.077
    """
    return float(2 * stdtr(draws - 1, -2))


def findings(summaries: Sequence[MethodSummary], results_knn: Mapping[str, float]) -> list[str]:
    """Sentences that the numbers support, and those that they do not.

    A method counts as above or below the baseline only by more than two
    standard errors of the paired difference. The method whose key is the
    baseline's with ``_scratch`` appended tells whether pre-training helps.

    Args:
        summaries: From :func:`summarise`, the baseline among them.
        results_knn: ``k`` and the test accuracies in per cent of nearest
            neighbours on features of the ``random`` and the ``pretrained``
            encoder and on ``pixels``.

    Returns:
        Plain sentences, most important first.

    Raises:
        ValueError: If the baseline is not among the summaries.

    Example:
        >>> ce = MethodSummary('ce', 'CE', 1, 93.0, float('nan'), None, None, 0.26, 0, 1.0)
        >>> findings([ce], {'k': 20, 'random': 83.0, 'pretrained': 98.4, 'pixels': 96.1})[0]
        'Only one draw was run: nothing can be concluded about any method.'
    """
    base = baseline_of(summaries)
    scratch = next((summary for summary in summaries if summary.key == f'{base.key}_scratch'), None)
    others = [summary for summary in summaries if summary not in (base, scratch)]
    sentences = []
    if base.draws < FEWEST_DRAWS:
        number = 'one draw was' if base.draws == 1 else f'{base.draws} draws were'
        sentences.append(f'Only {number} run: nothing can be concluded about any method.')
    else:
        sentences += [] if scratch is None else [_about_pretraining(base, scratch)]
        sentences += [_about_accuracy(base, other) for other in others]
        sentences += [_about_tightness(base, others)] if others else []
    sentences.append(_about_neighbours(results_knn))
    sentences.append(
        'An order among the contrastive methods is not established by this experiment: each is paired with '
        f'{base.name} only, and ranking two of them would need their own paired difference.'
    )
    if base.draws >= FEWEST_DRAWS:
        sentences.append(
            'Above and below mean a paired difference of more than two standard errors. Between equal methods that '
            f'happens by chance in about {100 * chance_level(base.draws):.0f} % of the comparisons at '
            f'{base.draws} draws; no correction is made for comparing several methods.'
        )
    return sentences


def _interval(summary: MethodSummary, sign: int = 1) -> str:
    difference, error = summary.interval
    return f'{round(sign * difference, 2) + 0.0:+.2f} ± {error:.2f} points'  # no '-0.00'


def _about_pretraining(base: MethodSummary, scratch: MethodSummary) -> str:
    verdict = {'below': 'Pre-training helps', 'above': 'Pre-training hurts'}.get(
        scratch.verdict, f'Whether pre-training helps is not distinguishable at {base.draws} draws'
    )
    return f'{verdict}: {base.name} minus {scratch.name} is {_interval(scratch, sign=-1)}.'


def _about_accuracy(base: MethodSummary, other: MethodSummary) -> str:
    if other.verdict == 'not distinguishable':
        return f'{other.name} is not distinguishable from {base.name} at {base.draws} draws: {_interval(other)}.'
    return f'{other.name} is {other.verdict} {base.name}: {_interval(other)}.'


def _about_tightness(base: MethodSummary, others: Sequence[MethodSummary]) -> str:
    always = [other.name for other in others if other.tighter_draws == other.draws]
    rest = [f'{other.name} ({other.tighter_draws} of {other.draws})' for other in others if other.name not in always]
    parts = [f'in every draw with {", ".join(always)}'] if always else []
    parts += [f'not in every draw with {", ".join(rest)}'] if rest else []
    return f'Features are tighter than those of {base.name} (smaller W/T) {"; ".join(parts)}.'


def _about_neighbours(knn: Mapping[str, float]) -> str:
    def compare(other: str) -> str:
        relation = np.sign(round(knn['pretrained'], 1) - round(knn[other], 1))
        return {1: 'more than', 0: 'as many as', -1: 'fewer than'}[int(relation)]

    return (
        f'Before any label is used for training, nearest neighbours (k = {knn["k"]}) on the pre-trained features '
        f'classify {knn["pretrained"]:.1f} % of the test images, {compare("random")} on a random encoder '
        f'({knn["random"]:.1f} %) and {compare("pixels")} on raw pixels ({knn["pixels"]:.1f} %); '
        'one measurement, without an error bar.'
    )
