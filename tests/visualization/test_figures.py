"""Figures: what is drawn is what the numbers say, read back from the Axes."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex

from cft.evaluation.paired import summarise
from cft.visualization import (
    accuracy_figure,
    difference_figure,
    embedding_figure,
    method_colors,
    pretraining_figure,
    training_figure,
)


def prepare(results):
    return results['runs'], summarise(results['runs'], results['methods'], results['baseline'])


def lines_named(axes, name):
    return [line for line in axes.get_lines() if line.get_label() == name]


def test_bars_are_the_means_and_dots_the_draws(make_results):
    runs, summaries = prepare(make_results(draws=4))
    axes = accuracy_figure(runs, summaries).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([summary.accuracy for summary in summaries])
    dots = [points for points in axes.collections if len(points.get_offsets()) == 4]
    assert len(dots) == len(summaries)
    expected = [run['accuracy'] for run in runs if run['method'] == 'ce']
    assert list(dots[1].get_offsets()[:, 1]) == pytest.approx(expected)


def test_accuracy_axis_shows_every_draw_and_says_where_it_starts(make_results):
    runs, summaries = prepare(make_results())
    axes = accuracy_figure(runs, summaries).axes[0]
    low, high = axes.get_ylim()
    assert all(low < run['accuracy'] < high for run in runs)
    assert low >= 80 and f'axis from {low:.0f}' in axes.get_ylabel()


def test_accuracy_axis_starts_at_zero_for_a_collapsed_method(make_results):
    results = make_results()
    results['runs'][0]['accuracy'] = 0.2
    axes = accuracy_figure(*prepare(results)).axes[0]
    assert axes.get_ylim()[0] == 0 and axes.get_ylabel() == 'test accuracy (%)'


def test_differences_are_paired_and_leave_the_baseline_out(make_results):
    runs, summaries = prepare(make_results(draws=3))
    axes = difference_figure(runs, summaries).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ['CE from scratch', 'SCL', 'COIN']
    others = [summary for summary in summaries if summary.difference is not None]
    dots = [artist.get_offsets() for artist in axes.collections if isinstance(artist, PathCollection)]
    means = [offsets[0, 0] for offsets in dots if len(offsets) == 1]
    assert means == pytest.approx([summary.difference for summary in others])
    assert [offsets[:, 0].mean() for offsets in dots if len(offsets) == 3] == pytest.approx(means)
    lines = [artist.get_segments()[0] for artist in axes.collections if isinstance(artist, LineCollection)]
    errors = [summary.difference_error for summary in others]
    spans = [span for error in errors for span in (4 * error, 2 * error)]
    assert [np.ptp(line[:, 0]) for line in lines] == pytest.approx(spans)


def test_training_curves_are_means_over_draws_with_a_band(make_results):
    figure = training_figure(*prepare(make_results(draws=3)))
    accuracy, zoomed, cross_entropy, contrastive = figure.axes
    line = lines_named(accuracy, 'CE')[0]
    assert line.get_xdata() == pytest.approx([20, 40]) and line.get_ydata() == pytest.approx([71.0, 92.0])
    band = accuracy.collections[0].get_paths()[0].vertices
    # Draws 90, 92, 94: standard deviation 2, standard error 2 / sqrt(3).
    assert band[:, 1].max() == pytest.approx(92 + 2 / np.sqrt(3))
    assert lines_named(contrastive, 'SCL') and not lines_named(contrastive, 'CE')
    low, high = zoomed.get_ylim()
    assert low == pytest.approx(92 - 5) and high == pytest.approx(92 + 1.5)
    assert list(lines_named(zoomed, 'CE')[0].get_ydata()) == list(line.get_ydata())
    assert accuracy.get_ylabel() == 'validation accuracy (%)' and cross_entropy.get_ylabel() == 'cross-entropy loss'


def test_a_loss_that_is_switched_off_is_not_drawn(make_results):
    cross_entropy = training_figure(*prepare(make_results())).axes[2]
    values = lines_named(cross_entropy, 'COIN')[0].get_ydata()
    assert np.isnan(values[0]) and values[1] == 1.0


def test_training_figure_leaves_missing_values_out(make_results):
    results = make_results(draws=2)
    results['runs'][0]['curve']['accuracy'][0] = None
    axes = training_figure(*prepare(results)).axes[0]
    assert lines_named(axes, 'CE from scratch')[0].get_ydata() == pytest.approx([71.0, 91.0])


@pytest.mark.parametrize('curve', [{'step': [], 'accuracy': []}, {'step': [20], 'accuracy': [None]}])
def test_training_figure_without_validation_still_shows_losses(make_results, curve):
    results = make_results()
    for run in results['runs']:
        run['curve'] = curve
    figure = training_figure(*prepare(results))
    figure.canvas.draw()
    assert lines_named(figure.axes[2], 'CE')[0].get_ydata() == pytest.approx([2.0, 1.0])


def test_training_figure_refuses_unequal_steps(make_results):
    results = make_results()
    results['runs'][0]['curve']['step'] = [10, 40]
    with pytest.raises(ValueError, match="CE from scratch: the draws do not record 'accuracy' at the same steps"):
        training_figure(*prepare(results))


def test_pretraining_smooths_long_records_only():
    short = pretraining_figure({'step': [1, 2], 'loss': [5.0, 4.0]}).axes[0]
    assert [list(line.get_ydata()) for line in short.get_lines()] == [[5.0, 4.0]]
    noise = np.random.default_rng(0).normal(size=200)
    recorded, smooth = pretraining_figure({'step': list(range(200)), 'loss': noise}).axes[0].get_lines()
    assert list(recorded.get_ydata()) == list(noise)
    assert smooth.get_ydata()[100] == pytest.approx(noise[95:106].mean())
    with pytest.raises(ValueError, match='as many losses as steps'):
        pretraining_figure({'step': [1, 2], 'loss': [1.0]})


def test_embedding_panels_hold_every_point_and_class(make_results):
    embeddings = make_results()['embeddings']
    figure = embedding_figure(embeddings)
    assert [axes.get_title() for axes in figure.axes] == ['before', 'CE']
    for axes in figure.axes:
        assert sum(len(points.get_offsets()) for points in axes.collections) == 30
        assert {text.get_text() for text in axes.texts} == {str(label) for label in range(10)}
    embeddings['panels'][0]['points'].pop()
    with pytest.raises(ValueError, match="'before': points must be"):
        embedding_figure(embeddings)


def test_a_method_has_one_colour_everywhere(make_results):
    runs, summaries = prepare(make_results())
    colors = method_colors(summaries)
    assert len(set(colors.values())) == len(summaries)
    bars = accuracy_figure(runs, summaries).axes[0].patches
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [color.lower() for color in colors.values()]
    line = lines_named(training_figure(runs, summaries).axes[0], 'SCL')[0]
    assert to_hex(line.get_color()) == colors['scl'].lower()


def test_one_draw_draws_without_spread(make_results, recwarn):
    runs, summaries = prepare(make_results(draws=1))
    for draw in (accuracy_figure, difference_figure, training_figure):
        draw(runs, summaries).canvas.draw()
    assert not [warning for warning in recwarn if issubclass(warning.category, (RuntimeWarning, UserWarning))]


def test_pyplot_and_its_settings_are_left_alone(make_results):
    settings, figures = dict(matplotlib.rcParams), pyplot.get_fignums()
    for draw in (accuracy_figure, difference_figure, training_figure):
        draw(*prepare(make_results()))
    assert dict(matplotlib.rcParams) == settings and pyplot.get_fignums() == figures
