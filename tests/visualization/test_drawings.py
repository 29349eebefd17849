"""Figures: what is drawn is what was given."""

import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.decomposition import PCA

from cft.visualization.class_counts import class_counts_panel
from cft.visualization.confusion import confusion_panel, mistakes_table
from cft.visualization.curves import curve_panels
from cft.visualization.embedding import balanced_sample, embedding_panel, project
from cft.visualization.files import save_panels
from cft.visualization.mistakes import mistake_galleries
from cft.visualization.pictures import overlay, picture_of, sprite, thumbnail
from cft.visualization.results import differences_panel, results_panel
from cft.visualization.search_page import history_panel
from cft.visualization.similarities import similarity_panel
from cft.visualization.svg import inline_svg, svg_bytes
from tests.support import made_up_runs
from tests.support.made_up_runs import HOSTILE


def lines_of(panel) -> dict[str, np.ndarray]:
    return {line.get_label(): np.asarray(line.get_ydata()) for line in panel.figure.axes[0].get_lines()}


def test_curves_of_one_run_are_its_numbers_without_what_a_stage_does_not_compute() -> None:
    record = made_up_runs.record()
    validation, training = curve_panels({'coin': [record.curves]}, record.stages)
    np.testing.assert_array_equal(lines_of(validation)['accuracy (%)'], [10, 12, 80, 90])
    np.testing.assert_array_equal(lines_of(training)['cross-entropy loss'], [np.nan, np.nan, 0.9, 0.4])
    assert 'lr' not in str(lines_of(training))
    switch = training.figure.axes[0].get_lines()[-1]
    assert list(switch.get_xdata()) == [40, 40] and 'stage 2' in svg_bytes(training.figure).decode()


def test_curves_of_methods_are_means_with_bands_over_the_runs_that_recorded_a_step() -> None:
    runs = [{'val': {'step': [1, 2], 'f1': [0.2, 0.4]}}, {'val': {'step': [1, 2, 3], 'f1': [0.4, None, 0.9]}}]
    (panel,) = curve_panels({'a': runs, 'b': runs[:1]})
    np.testing.assert_allclose(lines_of(panel)['a'], [0.3, 0.4, 0.9])
    band = panel.figure.axes[0].collections[0].get_paths()[0].vertices
    error = np.std([0.2, 0.4], ddof=1) / np.sqrt(2)
    assert band[:, 1].min() == pytest.approx(0.3 - error)
    assert [row[2] for row in panel.table.rows] == ['0.900', '0.400']


def test_the_confusion_matrix_shows_each_number_in_its_place() -> None:
    matrix = np.array([[8, 2, 0], [0, 10, 0], [1, 0, 0]])
    panel = confusion_panel(matrix, ['a', 'b', 'c'])
    found = {tuple(map(round, text.get_position())): text.get_text() for text in panel.figure.axes[0].texts}
    assert found == {(1, 0): '2', (0, 0): '8', (1, 1): '10', (0, 2): '1'}
    assert mistakes_table(matrix, ['a', 'b', 'c']).rows == [['a', 'b', '2', '20.0 %'], ['c', 'a', '1', '100.0 %']]
    with pytest.raises(ValueError, match='2 classes need a matrix'):
        confusion_panel(matrix, ['a', 'b'])


def test_pixels_of_a_confusion_matrix_are_parts_of_their_row() -> None:
    panel = confusion_panel(np.array([[90_000, 10_000], [0, 5]]), ['sky', 'sea'])
    assert sorted(text.get_text() for text in panel.figure.axes[0].texts) == ['10 %', '100 %', '90 %']
    assert 'numbers' in panel.caption


def test_bars_of_classes_are_their_counts() -> None:
    panel = class_counts_panel({'train': [5, 9], 'test': [2, 3]}, ['a', 'b'])
    assert sorted(bar.get_width() for bar in panel.figure.axes[0].patches) == [2, 3, 5, 9]


def test_pca_is_scikit_learns_up_to_the_sign() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 6))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected, found = PCA(2).fit_transform(unit), project(rows, 'PCA')
    signs = np.sign((expected * found).sum(axis=0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-12)
    assert project(np.ones((3, 1)), 'PCA').shape == (3, 2)


def test_a_balanced_sample_takes_equally_many_of_each_class_and_nothing_twice() -> None:
    labels = np.repeat([0, 1, 2], [500, 30, 3])
    chosen = balanced_sample(labels, 60)
    assert np.bincount(labels[chosen]).tolist() == [29, 28, 3] or np.bincount(labels[chosen]).tolist() == [28, 29, 3]
    assert len(set(chosen.tolist())) == 60 and (np.diff(chosen) > 0).all()
    assert balanced_sample(labels, 1000).tolist() == list(range(533))


def test_the_images_of_points_lie_over_their_points() -> None:
    """Places of the spots against those of the marks in the SVG itself."""
    view = made_up_runs.classification(12, ['a'])
    panel = embedding_panel('pca', 'PCA', view.features[:12], view.labels, ['a'], view.picture, 'PCA')
    root = ElementTree.fromstring(svg_bytes(panel.figure))
    width, height = (float(value) for value in root.attrib['viewBox'].split()[2:])
    uses = [
        (float(use.attrib['x']) / width, float(use.attrib['y']) / height)
        for use in root.iter('{http://www.w3.org/2000/svg}use')
        if 'x' in use.attrib and float(use.attrib['x']) > 0
    ]
    assert len(uses) == 12
    np.testing.assert_allclose(np.array(uses), panel.spots.places, atol=2e-3)
    assert [mark['column'] for mark in panel.spots.marks[:3]] == [0, -44, -88]


def test_histograms_are_densities_of_the_pairs() -> None:
    pairs = SimpleNamespace(edges=np.linspace(-1, 1, 5), positive=[0, 0, 1, 3], negative=[2, 2, 0, 0])
    stairs = [patch.get_data().values for patch in similarity_panel(pairs).figure.axes[0].patches]
    np.testing.assert_allclose(stairs[0], [0, 0, 0.5, 1.5])
    np.testing.assert_allclose(stairs[2], [1, 1, 0, 0])


def test_differences_are_drawn_with_their_intervals() -> None:
    comparison = made_up_runs.comparison(made_up_runs.comparison_records())
    panel = differences_panel(comparison)
    found = comparison.method('scl').metrics['accuracy/top1'].difference
    intervals = [line.get_xdata() for line in panel.figure.axes[0].get_lines()[1:]]
    np.testing.assert_allclose(intervals[0], [found.low, found.high])
    assert [row[5] for row in panel.table.rows] == ['above', 'not distinguishable']
    means = [line.get_xdata()[0] for line in results_panel(comparison).figure.axes[0].get_lines()]
    np.testing.assert_allclose(means, [method.metrics['accuracy/top1'].mean for method in comparison.methods])


def test_the_best_so_far_of_a_search_only_gets_better() -> None:
    panel = history_panel('loss', False, {0: 0.5, 2: 0.7, 3: 0.2})
    np.testing.assert_allclose(panel.figure.axes[0].get_lines()[0].get_ydata(), [0.5, 0.5, 0.2])


def test_mistakes_are_the_wrong_ones_the_most_confident_first() -> None:
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    shown = []
    (gallery,) = mistake_galleries(
        scores, np.array([0, 1, 1, 1]), ['a', 'b'], lambda at: shown.append(at) or made_up_runs.picture(at), '0123'
    )
    assert shown == [1, 3]
    assert [picture.caption for picture in gallery.pictures] == [
        'true b, predicted a (80 %): 1',
        'true b, predicted a (60 %): 3',
    ]


def test_an_svg_takes_hostile_names_and_is_the_same_each_time() -> None:
    panel = class_counts_panel({HOSTILE[2]: [1] * 6, HOSTILE[3]: [2] * 6}, HOSTILE)
    again = class_counts_panel({HOSTILE[2]: [1] * 6, HOSTILE[3]: [2] * 6}, HOSTILE)
    assert svg_bytes(panel.figure) == svg_bytes(again.figure)
    text = ' '.join(ElementTree.fromstring(svg_bytes(panel.figure)).itertext())
    assert all(name[:12] in text for name in HOSTILE[:5])
    inline = inline_svg(panel.figure, 'f"1', '<b>"alt"')
    assert 'http' not in inline and '<script' not in inline and '<b>' not in inline
    assert not re.findall(r'fill: #[0-9a-f]{6}', inline)


def test_masks_colour_their_classes_and_leave_the_rest_grey() -> None:
    image = picture_of(np.full((2, 3, 3), 100, np.uint8))
    pixels = np.asarray(overlay(image, np.array([[0, 1, 255], [0, 1, 1]]), blank=[0]))
    assert np.ptp(pixels[0, 0]) == 0 and np.ptp(pixels[0, 2]) == 0 and np.ptp(pixels[0, 1]) > 50
    assert (pixels[0, 0] == pixels[1, 0]).all()


def test_pixels_of_any_depth_become_pictures() -> None:
    deep = picture_of(np.array([[0, 4000], [2000, 1000]], np.uint16))
    assert deep.convert('L').getextrema() == (0, 255)
    assert picture_of(np.full((2, 2), np.nan)).getextrema() == ((0, 0),) * 3
    assert thumbnail(picture_of(np.zeros((8, 8), np.uint8))).size == (120, 120)
    assert thumbnail(picture_of(np.zeros((10, 2000), np.uint8))).size == (240, 1)
    assert sprite([made_up_runs.picture(9)] * 21, side=10, columns=20).size == (200, 20)


def test_figures_are_written_in_each_format_with_their_numbers(tmp_path: Path) -> None:
    panels = curve_panels({'coin': [made_up_runs.record().curves]})
    files = save_panels(panels, tmp_path / 'figures')
    assert {path.suffix for path in files} == {'.svg', '.png', '.pdf', '.csv'} and len(files) == 8
    starts = {'.svg': b'<?xml', '.png': b'\x89PNG', '.pdf': b'%PDF'}
    for path in files:
        assert path.read_bytes().startswith(starts.get(path.suffix, b'line,'))
