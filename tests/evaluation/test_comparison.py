"""Methods over paired draws: numbers by hand, what cannot be paired, and the words that follow from the numbers."""

import math

import numpy as np
import pytest
from scipy import stats

from cft.errors import DataError
from cft.evaluation import compare_methods, holm, recommend, statements
from cft.experiments import RunRecord

METRIC = 'accuracy/top1'
NAMES = {'ce': 'CE', 'scl': 'SCL', 'coin': 'COIN'}


def record(method, draw, accuracy, step=0.01, seconds=10.0, peak=None, **labels):
    return RunRecord(
        f'{method}-{draw}',
        'f',
        f'{method}/folder',
        labels={'method': method, 'draw': draw, **labels},
        metrics={'test': {METRIC: accuracy, 'scatter_ratio': 1 / accuracy}, 'val': {METRIC: 0.0}},
        seconds=seconds,
        step_seconds=step,
        peak_bytes=peak,
    )


def records_of(rows, **steps):
    return [
        record(key, draw, value, steps.get(key, 0.01)) for key, row in rows.items() for draw, value in enumerate(row)
    ]


def compared(rows, baseline='ce', **steps):
    return compare_methods(records_of(rows, **steps), {key: NAMES[key] for key in rows}, baseline, METRIC)


def shifted(**shifts):
    """Five draws with much luck in common and a little of one's own."""
    rng = np.random.default_rng(0)
    luck = rng.normal(90, 3, 5)
    return {key: (luck + shift + rng.normal(0, 0.1, 5)).tolist() for key, shift in shifts.items()}


def test_numbers_by_hand():
    records = [
        record('ce', 0, 90.0, step=0.010, seconds=8.0, peak=5),
        record('ce', 1, 92.0, step=0.020, seconds=9.0, peak=9),
        record('ce', 2, 94.0, step=0.040, seconds=12.0, peak=7),
        # Not in the order of the draws: pairing is by the number.
        record('scl', 2, 97.0, step=0.120),
        record('scl', 0, 91.0, step=0.010),
        record('scl', 1, 94.0, step=0.030),
    ]
    ce, scl = compare_methods(records, {'ce': 'CE', 'scl': 'SCL'}, 'ce', METRIC).methods
    main = scl.metrics[METRIC]
    assert main.values == [91.0, 94.0, 97.0] and scl.pairs == [0, 1, 2]
    assert (main.mean, main.std) == pytest.approx((94.0, 3.0))
    # Differences 1, 2, 3: mean 2, standard error 1 / sqrt(3); t(0.975, 2) = 4.3027.
    assert (main.difference.mean, main.difference.low) == pytest.approx((2.0, 2 - 4.302653 / math.sqrt(3)))
    assert ce.metrics[METRIC].difference is None and ce.metrics[METRIC].verdict == 'baseline'
    # Ratios 1, 1.5, 3: the median, not the ratio of the means.
    assert (ce.step_time_ratio, scl.step_time_ratio) == pytest.approx((1.0, 1.5))
    assert (ce.seconds, ce.step_seconds, ce.peak_bytes, scl.peak_bytes) == (9.0, 0.02, 9, None)
    assert scl.metrics['scatter_ratio'].difference.mean == pytest.approx(
        np.mean([1 / 91 - 1 / 90, 1 / 94 - 1 / 92, 1 / 97 - 1 / 94])
    )


def test_p_values_are_scipys_corrected_for_every_metric_and_for_all_pairs():
    rows = shifted(ce=0.0, scl=0.3, coin=-0.2)
    found = compared(rows)
    p = [stats.ttest_rel(rows[key], rows['ce']).pvalue for key in ('scl', 'coin')]
    assert [method.metrics[METRIC].adjusted_p for method in found.methods[1:]] == pytest.approx(holm(p))
    between = [stats.ttest_rel(rows[pair.first], rows[pair.second]).pvalue for pair in found.pairs]
    assert len(found.pairs) == 3 and [pair.adjusted_p for pair in found.pairs] == pytest.approx(holm(between))


def test_order_of_records_does_not_matter():
    records = records_of(shifted(ce=0.0, scl=1.0))
    names = {'ce': 'CE', 'scl': 'SCL'}
    assert compare_methods(records[::-1], names, 'ce', METRIC) == compare_methods(records, names, 'ce', METRIC)


def test_seeds_of_a_domain_are_one_pair():
    values = {'ce': ((80.0, 82.0), (60.0, 64.0), (70.0, 70.0)), 'scl': ((83.0, 83.0), (61.0, 65.0), (73.0, 75.0))}
    records = [
        record(key, seed, value, domain=domain)
        for key, rows in values.items()
        for domain, row in zip(('art', 'photo', 'sketch'), rows, strict=True)
        for seed, value in enumerate(row)
    ]
    found = compare_methods(records, {'ce': 'CE', 'scl': 'SCL'}, 'ce', METRIC, paired_by='domain', averaged_over='draw')
    scl = found.methods[1]
    assert scl.pairs == ['art', 'photo', 'sketch'] and scl.metrics[METRIC].values == [83.0, 63.0, 74.0]
    assert scl.metrics[METRIC].difference.pairs == 3 and scl.metrics[METRIC].difference.mean == pytest.approx(7 / 3)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda records: records.pop(), 'scl and ce cannot be paired: not both have draw'),
        (lambda records: records.append(record('scl', 7, 90.0)), 'not both have draw .*7'),
        (lambda records: records.append(records[-1]), 'scl has draw 4 twice'),
        (
            lambda records: records.append(record('ce', 5, math.nan)) or records.append(record('scl', 5, 1.0)),
            'ce-5 has no',
        ),
        (lambda records: records.clear(), 'cannot be paired'),
    ],
)
def test_what_cannot_be_paired_is_refused(change, message):
    records = records_of(shifted(ce=0.0, scl=1.0))
    change(records)
    with pytest.raises(DataError, match=message):
        compare_methods(records, {'ce': 'CE', 'scl': 'SCL'}, 'ce', METRIC)


def test_wrong_names_are_refused():
    records = records_of(shifted(ce=0.0, scl=1.0))
    with pytest.raises(DataError, match='baseline bce is none of'):
        compare_methods(records, {'ce': 'CE', 'scl': 'SCL'}, 'bce', METRIC)
    with pytest.raises(DataError, match='not every run has s_dbw/tong on test'):
        compare_methods(records, {'ce': 'CE', 'scl': 'SCL'}, 'ce', METRIC, metrics=['s_dbw/tong'])


def test_a_clear_gain_is_recommended():
    found = compared(shifted(ce=0.0, scl=2.0, coin=-2.0))
    choice = recommend(found)
    assert choice.key == 'scl' and choice.sentence.startswith('Take SCL: +')
    text = ' '.join(statements(found))
    assert 'SCL is above CE' in text and 'COIN is below CE' in text and 'SCL above COIN' in text


def test_no_difference_takes_the_baseline_and_says_what_is_open():
    rows = shifted(ce=0.0, scl=0.0, coin=-0.01)
    choice = recommend(compared(rows))
    assert choice.key == 'ce' and choice.sentence.startswith('No difference: no method is better than CE, so take CE.')
    highest = max(stats.ttest_rel(rows[key], rows['ce']).confidence_interval().high for key in ('scl', 'coin'))
    assert f'up to {highest:+.2f}' in choice.sentence


def test_of_two_that_cannot_be_told_apart_the_quicker_is_taken():
    rows = shifted(ce=0.0, scl=2.0, coin=2.02)
    best = 'coin' if np.mean(rows['coin']) > np.mean(rows['scl']) else 'scl'
    other = {'coin': 'scl', 'scl': 'coin'}[best]
    assert recommend(compared(rows, **{best: 0.02})).key == other
    assert recommend(compared(rows, **{other: 0.02})).key == best
    clear = shifted(ce=0.0, scl=2.0, coin=4.0)
    assert recommend(compared(clear, coin=0.1)).key == 'coin'


def test_worse_methods_alone_leave_the_baseline():
    assert recommend(compared(shifted(ce=0.0, scl=-3.0))).sentence == 'Take CE: every other method is worse.'


def test_where_less_is_better_the_smallest_is_taken():
    records = records_of(shifted(ce=0.0, scl=2.0))
    found = compare_methods(records, {'ce': 'CE', 'scl': 'SCL'}, 'ce', 'scatter_ratio')
    assert recommend(found).key == 'scl' and found.methods[1].metrics['scatter_ratio'].verdict == 'below'


@pytest.mark.parametrize('draws', [1, 2])
def test_one_or_two_draws_decide_nothing(draws, recwarn):
    found = compared({key: row[:draws] for key, row in shifted(ce=0.0, scl=30.0).items()})
    assert recommend(found).key is None and 'nothing' in recommend(found).sentence
    assert len(statements(found)) == 1 and found.methods[1].metrics[METRIC].verdict == 'too few draws'
    assert not recwarn.list


@pytest.mark.parametrize(
    ('rows', 'told'),
    [
        ({'ce': [90.0, 91.0], 'scl': [91.0, 90.0]}, 'All have the same mean; '),
        ({'ce': [90.0], 'scl': [91.0], 'coin': [91.0]}, 'SCL and COIN share the best mean, perhaps by chance; '),
        ({'ce': [90.0], 'scl': [91.0], 'coin': [90.5]}, 'SCL has the best mean, perhaps by chance; '),
    ],
)
def test_nobody_is_called_the_best_of_equals(rows, told):
    assert told in recommend(compared(rows)).sentence


def test_gains_that_are_equal_in_three_draws_are_not_significant():
    found = compared({'ce': [90.0, 91.0, 92.0], 'scl': [90.5, 91.5, 92.5]})
    assert found.methods[1].metrics[METRIC].verdict == 'not distinguishable'
    assert 'the same in all 3 pairs, no interval' in ' '.join(statements(found))


def test_one_method_alone():
    assert recommend(compared(shifted(ce=0.0))).sentence == 'CE is the only method.'
