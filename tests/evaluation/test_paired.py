"""Paired comparison: numbers by hand, refusals, and sentences that follow from the numbers."""

import math

import numpy as np
import pytest

from cft.evaluation.conclusions import chance_level, findings
from cft.evaluation.paired import MethodSummary, baseline_of, runs_by_draw, summarise

METHODS = [{'key': 'ce_scratch', 'name': 'CE from scratch'}, {'key': 'ce', 'name': 'CE'}, {'key': 'scl', 'name': 'SCL'}]
KNN = {'k': 20, 'random': 83.0, 'pretrained': 98.4, 'pixels': 96.1}


def make_run(method, draw, accuracy, tightness=0.2, step_time=0.01):
    return {'method': method, 'draw': draw, 'accuracy': accuracy, 'tightness': tightness, 'step_time': step_time}


@pytest.fixture
def runs():
    return [
        make_run('ce_scratch', 0, 80.0, tightness=0.3),
        make_run('ce_scratch', 1, 82.0, tightness=0.3),
        make_run('ce_scratch', 2, 84.0, tightness=0.3),
        make_run('ce', 0, 90.0, tightness=0.26, step_time=0.010),
        make_run('ce', 1, 92.0, tightness=0.25, step_time=0.020),
        make_run('ce', 2, 94.0, tightness=0.24, step_time=0.040),
        # Not in the order of the draws: pairing is by the number.
        make_run('scl', 2, 97.0, tightness=0.25, step_time=0.120),
        make_run('scl', 0, 91.0, tightness=0.10, step_time=0.010),
        make_run('scl', 1, 94.0, tightness=0.10, step_time=0.030),
    ]


def make_summary(key, difference, error, draws=10, tighter=10, name=None):
    std = math.nan if draws == 1 else 1.0
    return MethodSummary(key, name or key.upper(), draws, 94.0, std, difference, error, 0.2, tighter, 1.0)


def test_summarise_equals_hand_computed_numbers(runs):
    scratch, ce, scl = summarise(runs, METHODS, 'ce')
    assert [summary.name for summary in (scratch, ce, scl)] == ['CE from scratch', 'CE', 'SCL']
    assert ce.accuracy == pytest.approx(92.0) and ce.accuracy_std == pytest.approx(2.0)
    assert ce.difference is None and ce.difference_error is None
    assert ce.tighter_draws == 0 and ce.step_time_ratio == pytest.approx(1.0)
    # Differences 1, 2, 3: mean 2, standard deviation 1, standard error 1 / sqrt(3).
    assert scl.draws == 3 and scl.accuracy == pytest.approx(94.0) and scl.accuracy_std == pytest.approx(3.0)
    assert scl.difference == pytest.approx(2.0) and scl.difference_error == pytest.approx(1 / math.sqrt(3))
    assert scl.tightness == pytest.approx(0.15) and scl.tighter_draws == 2
    # Ratios 1, 1.5, 3: the median, not the ratio of the means.
    assert scl.step_time_ratio == pytest.approx(1.5)
    assert scratch.difference == pytest.approx(-10.0) and scratch.difference_error == pytest.approx(0.0)


def test_order_of_runs_does_not_matter(runs):
    assert summarise(runs[::-1], METHODS, 'ce') == summarise(runs, METHODS, 'ce')


def test_one_draw_has_no_spread_and_no_warning(runs, recwarn):
    scl = summarise([run for run in runs if run['draw'] == 0], METHODS, 'ce')[2]
    assert scl.difference == pytest.approx(1.0)
    assert math.isnan(scl.accuracy_std) and math.isnan(scl.difference_error)
    assert scl.verdict == 'not distinguishable'
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda runs: runs.pop(), "'scl' lacks draw 1"),
        (lambda runs: runs.append(make_run('scl', 7, 90.0)), "'ce' lacks draw 7"),
        (lambda runs: runs.append(runs[-1]), "'scl' has draw 1 twice"),
        (lambda runs: runs[0].update(accuracy=math.nan), "'ce_scratch', draw 0: accuracy is nan"),
        (lambda runs: runs.append(make_run('moco', 0, 90.0)), "unknown method 'moco'"),
    ],
)
def test_refuses_what_cannot_be_paired(runs, change, message):
    change(runs)
    with pytest.raises(ValueError, match=message):
        summarise(runs, METHODS, 'ce')


def test_refuses_a_baseline_without_runs_or_name(runs):
    with pytest.raises(ValueError, match="baseline 'bce' is not among"):
        summarise(runs, METHODS, 'bce')
    with pytest.raises(ValueError, match="baseline 'ce' has no run"):
        summarise([run for run in runs if run['method'] != 'ce'], METHODS, 'ce')
    with pytest.raises(ValueError, match='occurs twice'):
        summarise(runs, [*METHODS, METHODS[0]], 'ce')
    with pytest.raises(ValueError, match='baseline is not among the summaries'):
        baseline_of([make_summary('scl', 1.0, 0.1)])


def test_runs_by_draw_sorts(runs):
    assert list(runs_by_draw(runs, 'scl')) == [0, 1, 2]
    assert runs_by_draw(runs, 'absent') == {}


@pytest.mark.parametrize(
    ('difference', 'error', 'verdict'),
    [
        (1.0, 0.4, 'above'),
        (-1.0, 0.4, 'below'),
        (1.0, 0.5, 'not distinguishable'),
        (-1.0, 0.5, 'not distinguishable'),
        (0.0, 0.0, 'not distinguishable'),
        (5.0, math.nan, 'not distinguishable'),
        (None, None, 'baseline'),
    ],
)
def test_verdict_needs_more_than_two_standard_errors(difference, error, verdict):
    assert make_summary('scl', difference, error).verdict == verdict


def test_chance_level_equals_students_t():
    assert chance_level(2) == pytest.approx(1 - 2 / math.pi * math.atan(2), abs=1e-4)  # one degree: Cauchy
    assert chance_level(3) == pytest.approx(1 - 2 / math.sqrt(6), abs=1e-4)  # two degrees: 1 - t / sqrt(2 + t^2)
    assert chance_level(5000) == pytest.approx(math.erfc(math.sqrt(2)), abs=1e-3)  # towards the normal law


def test_chance_level_equals_a_simulation():
    samples = np.random.default_rng(0).normal(size=(100_000, 5))
    beyond = np.abs(samples.mean(axis=1)) > 2 * samples.std(axis=1, ddof=1) / math.sqrt(5)
    assert chance_level(5) == pytest.approx(beyond.mean(), abs=5e-3)


def test_findings_follow_the_numbers():
    summaries = [
        make_summary('ce_scratch', -1.4, 0.3, name='CE from scratch'),
        make_summary('ce', None, None),
        make_summary('scl', 1.0, 0.33),
        make_summary('worse', -1.0, 0.2, tighter=4),
        make_summary('same', 0.1, 0.38),
    ]
    text = findings(summaries, KNN)
    assert 'Pre-training helps: CE minus CE from scratch is +1.40 ± 0.30 points.' in text
    assert 'SCL is above CE: +1.00 ± 0.33 points.' in text
    assert 'WORSE is below CE: -1.00 ± 0.20 points.' in text
    assert 'SAME is not distinguishable from CE at 10 draws: +0.10 ± 0.38 points.' in text
    tightness = next(sentence for sentence in text if 'tighter' in sentence)
    assert 'in every draw with SCL, SAME; not in every draw with WORSE (4 of 10)' in tightness
    assert any('about 8 % of the comparisons at 10 draws' in sentence for sentence in text)


@pytest.mark.parametrize(
    ('difference', 'opening'),
    [(-2.0, 'Pre-training helps'), (2.0, 'Pre-training hurts'), (-0.1, 'Whether pre-training helps is not disting')],
)
def test_pretraining_sentence_has_three_outcomes(difference, opening):
    summaries = [make_summary('ce_scratch', difference, 0.3), make_summary('ce', None, None)]
    assert findings(summaries, KNN)[0].startswith(opening)


@pytest.mark.parametrize('draws', [1, 10])
def test_an_order_among_contrastive_methods_is_never_claimed(draws):
    error = math.nan if draws == 1 else 0.1
    summaries = [make_summary('ce', None, None, draws=draws), make_summary('scl', 3.0, error, draws=draws)]
    assert any('order among the contrastive methods is not established' in text for text in findings(summaries, KNN))


def test_one_draw_concludes_nothing():
    summaries = [make_summary('ce', None, None, draws=1, tighter=0), make_summary('scl', 9.0, math.nan, 1, tighter=1)]
    text = ' '.join(findings(summaries, KNN))
    assert 'nothing can be concluded' in text
    assert 'SCL' not in text and 'tighter' not in text


def test_neighbour_sentence_compares_both_ways():
    ce = make_summary('ce', None, None)
    assert 'more than on a random encoder (83.0 %) and more than on raw pixels (96.1 %)' in findings([ce], KNN)[0]
    collapsed = {**KNN, 'pretrained': 83.0}
    text = findings([ce], collapsed)[0]
    assert 'as many as on a random encoder (83.0 %) and fewer than on raw pixels (96.1 %)' in text


@pytest.mark.parametrize('draws', [2, 4])
def test_few_draws_conclude_nothing(draws):
    """However small the standard error is."""
    summaries = [make_summary('ce', None, None, draws=draws), make_summary('scl', 3.0, 0.01, draws=draws)]
    sentences = findings(summaries, KNN)
    assert sentences[0] == f'Only {draws} draws were run: nothing can be concluded about any method.'
    assert not any('above' in sentence.lower() for sentence in sentences)
