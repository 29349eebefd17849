"""Predictions in files: every name survives, every image has its row, and each source of pixels says the same."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cft.apis import predict
from cft.apis.prediction.files import check_predictions_file, write_predictions
from cft.errors import ConfigError, DataError
from tests.apis.prediction.test_prediction_of_pixels import untrained

NAMES = [
    'plain.jpg',
    'a,b.jpg',
    'two\nlines.jpg',
    'carriage\rreturn.jpg',
    '"quoted".jpg',
    'ü.jpg',
    os.fsdecode(b'\xff.jpg'),
]


def read_csv(path: Path) -> list[dict]:
    with path.open(encoding='utf-8', errors='surrogateescape', newline='') as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('suffix', ['csv', 'json', 'jsonl'])
def test_names(suffix: str, tmp_path: Path) -> None:
    results = [{'image': name, 'label': 1, 'score': 0.25, 'class': 'a;\n"b"'} for name in NAMES]
    path = check_predictions_file(tmp_path / 'new' / f'found.{suffix}')
    write_predictions(path, results)
    if suffix == 'csv':
        assert [row['path'] for row in read_csv(path)] == NAMES
        assert read_csv(path)[0] == {'path': 'plain.jpg', 'label': '1', 'class': 'a;\n"b"', 'score': '0.25'}
    else:
        text = path.read_text()
        assert (json.loads(text) if suffix == 'json' else [json.loads(line) for line in text.splitlines()]) == results


def test_rows_of_every_task(tmp_path: Path) -> None:
    box = {'label': 0, 'class': 'cat', 'score': 0.5, 'bbox': [1.0, 2.0, 3.5, 4.0]}
    write_predictions(tmp_path / 'd.csv', [{'image': 'none', 'boxes': []}, {'image': 'two', 'boxes': [box, box]}])
    rows = read_csv(tmp_path / 'd.csv')
    assert [row['path'] for row in rows] == ['none', 'two', 'two']
    assert set(rows[0].values()) == {'none', ''}
    assert [rows[1][name] for name in ('x1', 'y1', 'x2', 'y2')] == ['1.0', '2.0', '3.5', '4.0']
    write_predictions(tmp_path / 's.csv', [{'image': 'a', 'fractions': {'sky': 0.75, 'sea': 0.25}}])
    assert [(row['class'], row['fraction']) for row in read_csv(tmp_path / 's.csv')] == [
        ('sky', '0.75'),
        ('sea', '0.25'),
    ]


def test_files_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / 'labels.csv').write_text('mine')
    (tmp_path / 'folder.json').mkdir()
    for name, told in {'a.xlsx': r'\.csv, \.json, \.jsonl', 'labels.csv': '--force', 'folder.json': 'folder'}.items():
        with pytest.raises(ConfigError, match=told):
            check_predictions_file(tmp_path / name)
    with pytest.raises(ConfigError, match='is a file'):
        check_predictions_file(tmp_path / 'labels.csv' / 'a.csv')
    assert check_predictions_file(tmp_path / 'labels.csv', force=True).read_text() == 'mine'


@pytest.mark.slow
@pytest.mark.parametrize('task', ['dg', 'seg', 'det'])
def test_a_path_an_image_and_an_array_say_the_same(task: str, tmp_path: Path) -> None:
    config, checkpoint = untrained(task, tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stored = Image.fromarray(pixels).resize((80, 60), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    stored.save(tmp_path / 'turned.png', exif=exif)
    opened, shown = Image.open(tmp_path / 'turned.png'), np.rot90(np.asarray(stored), 3)
    images = [tmp_path / 'turned.png', opened, shown, shown[..., ::-1]]
    found = predict(config, checkpoint, images, tmp_path / 'out', device='cpu', out=tmp_path / 'found.csv')
    first, *others = [{key: value for key, value in result.items() if key != 'image'} for result in found]
    assert others[:2] == [first, first] and others[2] != first
    assert [Path(result['image']).name for result in found] == ['turned.png', 'images[1]', 'images[2]', 'images[3]']
    assert {row['path'] for row in read_csv(tmp_path / 'found.csv')} == {result['image'] for result in found}
    drawn = [np.asarray(Image.open(tmp_path / 'out' / f'{name}.png')) for name in ('turned', '1', '2')]
    assert all(np.array_equal(drawn[0], other) for other in drawn[1:])
    with pytest.raises(DataError, match=r'images\[0\] has unsigned pixels of 16 bits.*value_range'):
        predict(config, checkpoint, np.zeros((9, 9), np.uint16), device='cpu')
    with pytest.raises(DataError, match=r'images\[1\] is a list; give a path'):
        predict(config, checkpoint, [opened, [1]], device='cpu')
