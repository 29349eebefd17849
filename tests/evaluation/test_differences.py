"""Paired differences against SciPy, an exact enumeration and a simulation; Holm's correction against plain loops."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from cft.evaluation import holm, paired_difference


@pytest.mark.parametrize('n', [2, 3, 5, 30])
def test_interval_and_p_equal_scipys(n):
    rng = np.random.default_rng(n)
    one, other = rng.normal(92, 1, n), rng.normal(91, 2, n)
    found = paired_difference(one, other)
    test = stats.ttest_rel(one, other)
    interval = test.confidence_interval(0.95)
    assert found.pairs == n
    assert (found.mean, found.p) == pytest.approx(((one - other).mean(), test.pvalue))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_exchanging_the_methods_changes_the_sign_alone():
    one, other = [91.0, 93.5, 92.0], [90.0, 90.5, 93.0]
    there, back = paired_difference(one, other), paired_difference(other, one)
    assert (back.mean, back.low, back.high, back.p) == pytest.approx((-there.mean, -there.high, -there.low, there.p))


def test_what_all_draws_share_does_not_matter():
    rng = np.random.default_rng(0)
    one, other, luck = rng.normal(size=(3, 8))
    with_luck = paired_difference(one + 30 * luck, other + 30 * luck)
    assert (with_luck.mean, with_luck.p) == pytest.approx(
        (paired_difference(one, other).mean, stats.ttest_rel(one, other).pvalue)
    )


def test_the_interval_covers_the_truth_as_often_as_it_says():
    samples = np.random.default_rng(1).normal(0.3, 1, (4000, 4))
    covered = [(found := paired_difference(row, np.zeros(4))).low <= 0.3 <= found.high for row in samples]
    assert np.mean(covered) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 4000))


def test_one_pair_has_a_mean_and_nothing_else(recwarn):
    found = paired_difference([93.0], [92.0])
    assert found.mean == 1.0 and all(math.isnan(value) for value in (found.low, found.high, found.p))
    assert not recwarn.list


def test_equal_results_differ_by_nothing():
    found = paired_difference([91.3, 92.7, 90.1], [91.3, 92.7, 90.1])
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize('n', [2, 3, 6])
def test_equal_differences_take_the_exact_sign_flip_test(n):
    # In tenths, whose differences are not equal in binary.
    one = np.array([90.3, 91.4, 92.9, 93.7, 94.1, 95.6][:n])
    found = paired_difference(one, one - 0.1)
    sums = [abs(sum(signs)) for signs in itertools.product([-1, 1], repeat=n)]
    assert found.p == np.mean([value >= n for value in sums])
    assert math.isnan(found.low) and found.mean == pytest.approx(0.1)


def test_a_measure_that_failed_gives_nan_and_no_p():
    assert math.isnan(paired_difference([1.0, math.nan], [1.0, 2.0]).p)


@pytest.mark.parametrize(('one', 'other'), [([1.0], [1.0, 2.0]), ([], []), ([[1.0]], [[1.0]])])
def test_what_is_no_pair_is_refused(one, other):
    with pytest.raises(ValueError, match='two rows of one length'):
        paired_difference(one, other)


def test_holm_equals_its_definition():
    """Step down: the smallest is tested at a / m, the next at a / (m - 1), ..., until one is not rejected."""
    rng = np.random.default_rng(2)
    for values in rng.uniform(0, 0.2, (30, 5)):
        corrected = holm(values)
        for level in (0.01, 0.05, 0.1, 0.3):
            rejected = set()
            for rank, index in enumerate(np.argsort(values)):
                if values[index] > level / (len(values) - rank):
                    break
                rejected.add(index)
            assert {index for index, p in enumerate(corrected) if p <= level} == rejected


def test_holm_holds_its_promise_under_the_null():
    """At most one comparison in twenty has any false discovery, also where all share the baseline."""
    rng = np.random.default_rng(3)
    false = 0
    for _ in range(1000):
        baseline, *methods = rng.normal(size=(6, 5))
        false += min(holm([paired_difference(method, baseline).p for method in methods])) < 0.05
    assert false / 1000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)


def test_holm_of_nothing_of_one_and_of_a_test_that_was_not_possible():
    assert holm([]) == []
    assert holm([0.03]) == [0.03]
    corrected = holm([0.03, math.nan, 0.01, 0.9])
    assert math.isnan(corrected[1]) and [corrected[0], corrected[2], corrected[3]] == pytest.approx([0.06, 0.03, 0.9])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
