"""The pages: one file that needs nothing else, shows the numbers, and trusts no name."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cft.visualization.comparison_page import write_comparison
from cft.visualization.comparison_table import comparison_table
from cft.visualization.page import render
from cft.visualization.results import pairs_table
from cft.visualization.run_page import write_run
from cft.visualization.run_sections import accuracy_interval
from tests.support import made_up_runs
from tests.support.made_up_runs import HOSTILE
from tests.visualization.html_reading import ReadPage

TASKS = ('classification', 'segmentation', 'detection', 'pretraining')


@pytest.fixture(scope='module')
def pages(folder: Path) -> dict[str, ReadPage]:
    return {path.stem: ReadPage(path.read_text(encoding='utf-8')) for path in folder.iterdir()}


@pytest.mark.parametrize('name', [*TASKS, 'comparison'])
def test_a_page_needs_no_other_file_and_no_network(pages: dict[str, ReadPage], name: str) -> None:
    page = pages[name]
    assert not {'script', 'link', 'iframe', 'object', 'embed', 'base'} & page.tags
    assert '@import' not in page.source and 'javascript:' not in page.source
    for _, attributes in page.elements:
        for attribute, value in attributes.items():
            assert not attribute.startswith('on') and attribute != 'srcset'
            if attribute in ('src', 'href', 'xlink:href'):
                assert value is not None and value.startswith(('#', 'data:image/jpeg;base64,'))
    # The only url() of a style is that of the images behind the points.
    for target in re.findall(r'url\(\s*([^)]{0,30})', page.source):
        assert target.startswith(('#', 'data:image/jpeg;base64,'))


@pytest.mark.parametrize('name', [*TASKS, 'comparison'])
def test_ids_are_unique_and_every_reference_finds_one(pages: dict[str, ReadPage], name: str) -> None:
    page = pages[name]
    ids = [attributes['id'] for _, attributes in page.elements if 'id' in attributes]
    assert len(set(ids)) == len(ids)
    references = re.findall(r'url\(#([^)]+)\)', page.source)
    references += [a['href'][1:] for _, a in page.elements if (a.get('href') or '').startswith('#')]
    references += [a['aria-labelledby'] for _, a in page.elements if a.get('aria-labelledby')]
    assert references and set(references) <= set(ids)


@pytest.mark.parametrize('name', [*TASKS, 'comparison'])
def test_every_picture_and_figure_is_described_and_every_figure_has_its_numbers(
    pages: dict[str, ReadPage], name: str
) -> None:
    page = pages[name]
    assert all(attributes.get('alt') for attributes in page.of('img'))
    figures = page.of('svg')
    assert all(attributes.get('role') == 'img' and attributes.get('aria-label') for attributes in figures)
    drawn = [attributes for attributes in figures if attributes.get('class') == 'figure']
    assert drawn or name == 'nothing'
    assert page.texts.count('Numbers of this figure') == len(drawn)
    assert all(attributes.get('viewbox') for attributes in drawn)


@pytest.mark.parametrize('name', [*TASKS, 'comparison'])
def test_names_are_text_and_never_markup(pages: dict[str, ReadPage], name: str) -> None:
    page = pages[name]
    assert not {'script', 'i-device'} & page.tags
    assert '<script' not in page.source and 'onerror=y>' not in re.sub('&gt;', '', page.source)
    shown = {'comparison': ['<b>SCL</b>', '_COIN $\\', '<h1>"Flowers"']}.get(name, HOSTILE[:2])
    descriptions = ' '.join(str(value) for _, attributes in page.elements for value in attributes.values())
    assert all(text in page.text + descriptions for text in shown)


def test_names_stand_in_figures_as_they_are(pages: dict[str, ReadPage]) -> None:
    """No mathematics, no legend entry left out; letters of every alphabet."""
    text = pages['classification'].text
    assert text.count('日本語') > 5 and text.count('$x^{2') > 5 and text.count('_hidden') > 5
    assert '_COIN $\\' in pages['comparison'].text


@pytest.mark.parametrize('name', [*TASKS, 'comparison'])
def test_colours_follow_the_screen_and_paper_is_light(pages: dict[str, ReadPage], name: str) -> None:
    page = pages[name]
    assert '@media screen and (prefers-color-scheme: dark)' in page.style
    assert '@media print' in page.style
    defined = set(re.findall(r'(--c-[0-9a-f]{6}):', page.style))
    svg = re.findall(r'<svg.*?</svg>', page.source, flags=re.DOTALL)
    used = {name for part in svg for name in re.findall(r'var\((--c-[0-9a-f]{6})\)', part)}
    assert used and used <= defined
    drawn = [part for part in svg if 'class="figure"' in part]
    # A colour that does not follow would be lost on one of the two.
    assert not {color for part in drawn for color in re.findall(r'(?:fill|stroke): (#[0-9a-f]{6})', part)}


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_and_lines_have_contrast_in_light_and_dark() -> None:
    """Of WCAG 2: 4.5 for text, 3 for what must be seen of a figure (Okabe and Ito's palest reach 2)."""
    from cft.visualization.style import ACCENT, BASELINE, DARK, INK, PAPER, QUIET, SERIES, WARM

    def contrast(one: str, other: str) -> float:
        lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
        return (lighter + 0.05) / (darker + 0.05)

    for text in (INK, QUIET, BASELINE, ACCENT):
        assert contrast(text, PAPER) >= 4.5 and contrast(DARK[text], DARK[PAPER]) >= 4.5
    for line in SERIES:
        assert contrast(line, PAPER) >= 2 and contrast(DARK[line], DARK[PAPER]) >= 3
    assert contrast(WARM, PAPER) >= 3


def test_numbers_of_a_run_are_those_of_its_evaluation(pages: dict[str, ReadPage]) -> None:
    view, page = made_up_runs.classification(), pages['classification']
    accuracy = view.evaluation.metrics['accuracy/top1']
    assert f'{accuracy:.1f}' in page.texts and '71.5' in page.texts
    low, high = accuracy_interval('accuracy/top1', accuracy, 90)
    assert f'95 % interval {low:.1f} to {high:.1f}' in page.text
    matrix = next(rows for rows in page.tables if rows[0][0] == 'true \\ predicted')
    expected = view.evaluation.tables['confusion']['rows']
    assert [[row[0], *map(int, row[1:])] for row in matrix[1:]] == expected
    per_class = next(rows for rows in page.tables if rows[0] == ['class', 'recall'])
    assert per_class[1:] == [[name, '81.2'] for name in HOSTILE]
    wrong = sum(attributes.get('class') == 'picture wrong' for attributes in page.of('figure'))
    assert wrong == np.sum(view.scores.argmax(axis=1) != view.labels)


def test_the_interval_is_wilsons() -> None:
    """Wilson (1927): the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    p, n, z = 0.9, 500, 1.959963984540054
    roots = np.roots([1 + z**2 / n, -(2 * p + z**2 / n), p**2])
    np.testing.assert_allclose(accuracy_interval('accuracy/top1', 90.0, n), sorted(100 * roots), rtol=1e-9)
    assert accuracy_interval('mIoU', 90.0, n) is None


def test_tables_of_a_comparison_are_the_tables_elsewhere(pages: dict[str, ReadPage]) -> None:
    comparison = made_up_runs.comparison(made_up_runs.comparison_records())
    for table in (comparison_table(comparison), pairs_table(comparison)):
        assert [list(table.columns), *map(list, table.rows)] in pages['comparison'].tables
    best = [attributes for attributes in pages['comparison'].of('td') if attributes.get('class') == 'best']
    assert len(best) == len(comparison_table(comparison).bold) > 0


def test_a_figure_of_boxes_has_them_where_they_are(pages: dict[str, ReadPage]) -> None:
    """The image is 640 x 320, so that 100 units of width are 50 of height."""
    boxes = {str(rect['class']): rect for rect in pages['detection'].of('rect') if 'class' in rect}
    true = [float(boxes['true'][key]) for key in ('x', 'y', 'width', 'height')]
    assert true == [10.0, 10.0, 50.0, 20.0]
    assert [float(boxes['predicted'][key]) for key in ('x', 'y')] == [15.0, 12.5]


def test_pictures_are_small_jpegs(pages: dict[str, ReadPage]) -> None:
    sources = [str(attributes['src']) for attributes in pages['classification'].of('img')]
    for source in sources:
        with Image.open(io.BytesIO(base64.b64decode(source.split(',', 1)[1]))) as image:
            assert image.format == 'JPEG' and max(image.size) <= 240


def test_settings_that_differ_are_told_by_method(pages: dict[str, ReadPage]) -> None:
    rows = next(rows for rows in pages['comparison'].tables if rows[0][0] == 'setting')
    assert ['lr', '0.1', '0.05', '0.05'] in rows
    assert not any('seed' in row[0] for row in rows)


def test_thousands_of_points_and_classes_stay_below_five_megabytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # t-SNE takes its time, and as many bytes as PCA.
    monkeypatch.setattr('cft.visualization.run_sections.FEWEST_FOR_TSNE', 1_000_000)
    generator = np.random.default_rng(0)
    noise = [Image.fromarray(generator.integers(0, 256, (300, 300, 3), dtype=np.uint8)) for _ in range(7)]
    view = made_up_runs.classification(4000, [f'class {number}' for number in range(1000)])
    object.__setattr__(view, 'picture', lambda index: noise[index % 7])
    path = write_run(tmp_path / 'large.html', view)
    assert path.stat().st_size < 5_000_000
    ReadPage(path.read_text(encoding='utf-8'))


def test_a_run_of_which_nothing_is_known_still_has_a_page() -> None:
    from cft.experiments import RunRecord
    from cft.visualization.run_sections import SECTIONS
    from cft.visualization.run_view import RunView

    view = RunView(RunRecord('empty', '', ''))
    page = ReadPage(render('empty', '', [section(view) for section in SECTIONS]))
    assert 'How to get it again' in page.texts and 'Learning curves' not in page.texts


def test_one_draw_and_one_method_are_shown_without_what_they_cannot_tell(tmp_path: Path) -> None:
    records = made_up_runs.comparison_records(draws=1)
    page = ReadPage(
        write_comparison(tmp_path / 'a.html', records, made_up_runs.comparison(records), title='one draw').read_text()
    )
    assert 'too few draws' in page.text
    alone = ReadPage(write_comparison(tmp_path / 'b.html', records[:1], None, title='one run').read_text())
    assert 'Pairs of methods' not in alone.text and 'Results of each run' in alone.text
