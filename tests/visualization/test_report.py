"""The report: one file that needs nothing else, shows the numbers, and trusts no text."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from itertools import chain

import pytest
from PIL import Image

from cft.evaluation import findings, summarise
from cft.visualization import table_cells, write_report

VOID = {'meta', 'img'}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that every tag is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text, self.open = [], [], [], []
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(path):
    source = path.read_text(encoding='utf-8')
    return source, Page(source)


def test_report_is_one_self_contained_file(make_results, tmp_path):
    path = write_report(make_results(), tmp_path / 'new' / 'folder')
    assert path == tmp_path / 'new' / 'folder' / 'report.html'
    source, page = read(path)
    assert not {'script', 'link', 'iframe', 'object', 'base'} & set(page.tags)
    assert not re.search(r'https?:|url\(|@import|file:', source)
    for _, name, value in page.attributes:
        assert name not in ('href', 'srcset') and not name.startswith('on')
        assert name != 'src' or value.startswith('data:image/png;base64,')


def test_images_are_the_png_files_and_have_size(make_results, tmp_path):
    _, page = read(write_report(make_results(), tmp_path))
    embedded = [
        base64.b64decode(value.split(',', 1)[1], validate=True) for _, name, value in page.attributes if name == 'src'
    ]
    files = {path.stem: path.read_bytes() for path in (tmp_path / 'figures').iterdir()}
    assert set(files) == {'accuracy', 'differences', 'training', 'pretraining', 'embeddings'}
    assert sorted(embedded) == sorted(files.values())
    for data in embedded:
        image = Image.open(io.BytesIO(data))
        image.load()
        assert image.format == 'PNG' and min(image.size) > 300
        darkest, brightest = image.convert('L').getextrema()
        assert darkest < 100 and brightest == 255  # ink on white
    assert all(value for tag, name, value in page.attributes if tag == 'img' and name == 'alt')


def test_every_number_and_sentence_appears(make_results, tmp_path):
    results = make_results(draws=5)
    _, page = read(write_report(results, tmp_path))
    summaries = summarise(results['runs'], results['methods'], results['baseline'])
    for cell in chain.from_iterable(table_cells(summaries)[1]):
        assert cell in page.text
    for sentence in findings(summaries, results['knn']):
        assert sentence in page.text
    text = ' '.join(page.text)
    for expected in (results['title'], results['command'], results['data'], '2026-01-31', 'torch 2.11.0', '83.0 %'):
        assert expected in text
    assert all(summary.verdict in page.text for summary in summaries)


@pytest.mark.parametrize('field', ['title', 'command', 'data', 'created'])
def test_texts_are_escaped(make_results, tmp_path, field):
    results = make_results(draws=2, embeddings=False)
    results[field] = '<script>alert("1")</script> & \'more\''
    source, page = read(write_report(results, tmp_path))
    assert 'script' not in page.tags and '<script' not in source
    assert results[field] in ' '.join(page.text)


def test_names_are_escaped(make_results, tmp_path):
    results = make_results(draws=2)
    results['methods'][1]['name'] = '<b>"CE"</b>'
    results['methods'][2]['name'] = 'SCL "<img src=x>'
    results['versions'] = {'<i>torch': '<2'}
    _, page = read(write_report(results, tmp_path))
    assert not {'b', 'i'} & set(page.tags)
    assert page.tags.count('img') == 5
    assert ('img', 'alt', 'Paired difference to <b>"CE"</b>') in page.attributes
    assert '<b>"CE"</b>' in page.text and 'SCL "<img src=x>' in page.text


@pytest.mark.parametrize('draws', [1, 2, 4])
def test_short_run_without_embeddings_and_with_few_draws(make_results, tmp_path, draws):
    _, page = read(write_report(make_results(draws=draws, embeddings=False), tmp_path))
    assert page.tags.count('img') == 4
    assert any('nothing can be concluded' in text for text in page.text)
    assert page.text.count('too few draws') == 3
    assert not {'above', 'below', 'not distinguishable'} & set(page.text)


def test_the_baseline_alone_has_no_differences(make_results, tmp_path):
    results = make_results(embeddings=False)
    results['methods'] = results['methods'][1:2]
    results['runs'] = [run for run in results['runs'] if run['method'] == 'ce']
    write_report(results, tmp_path)
    assert not (tmp_path / 'figures' / 'differences.png').exists()


def test_results_read_back_from_json_give_the_same_report(make_results, tmp_path):
    results = make_results()
    first = write_report(results, tmp_path / 'a').read_bytes()
    second = write_report(json.loads(json.dumps(results)), tmp_path / 'b').read_bytes()
    assert first == second
