"""LabelTable and MultiLabelTable: labels, splits and groups of a table."""

import logging
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from cft.datasets import ImageFolder, LabelTable, MultiLabelTable, StratifiedSubset
from cft.errors import ConfigError
from tests.datasets import image_files
from tests.datasets.image_files import fill
from tests.datasets.label_files import contents, write_table


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Callable[[], str]:
    """All that was logged since the start of the test."""
    logger = MMLogger.get_instance(f'{request.node.name}_{id(request)}', log_level='INFO')
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    return lambda: '\n'.join(lines)


def test_a_table_of_class_folders_is_the_folder(tmp_path: Path) -> None:
    """Same images, labels, order and validation split, however the rows are sorted."""
    fill(tmp_path, cat=20, bee=10, dog=5)
    paths = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*.png')]
    np.random.default_rng(0).shuffle(paths)
    table = write_table(tmp_path, [(path, path.split('/')[0]) for path in paths], files=False)
    for split in ('train', 'val', 'test'):
        for options in ({}, {'val_fraction': 0.4, 'seed': 3}):
            assert contents(table, split, **options) == image_files.contents(tmp_path, split, **options)
    assert LabelTable(str(table)).metainfo['classes'] == ImageFolder(str(tmp_path)).metainfo['classes']


def test_images_are_in_the_order_of_their_paths(tmp_path: Path) -> None:
    """Folder by folder, as pathlib orders them, and not as text: a blank and a hyphen come before a slash there."""
    names = ['a/2.png', 'a b/1.png', 'a-1.png', 'a.png', 'a/1.png', 'Z.png', '../other/1.png', 'b/a/1.png', 'ab/1.png']
    paths = [*names, str(tmp_path / 'table' / 'absolute.png')]
    table = write_table(tmp_path / 'table', [(path, 'x') for path in paths])
    found = [info['img_path'] for info in LabelTable(str(table), val_fraction=0.0, pipeline=[]).load_data_list()]
    assert len(found) == len(paths) and found == [str(path) for path in sorted(map(Path, found))]


def test_numbers_are_text(tmp_path: Path, told: Callable[[], str]) -> None:
    table = write_table(tmp_path, [(f'{i}.png', label) for i, label in enumerate(['10', '2', '02', '1.0'] * 5)])
    assert LabelTable(str(table)).metainfo['classes'] == ('02', '1.0', '10', '2')
    assert '4 classes in this order: 02, 1.0, 10, 2' in told()


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the table, absolute ones too, from any folder; pixels are those of the file."""
    write_table(
        tmp_path / 'lists', [('../images/é ü.png', 'a'), (tmp_path / 'images' / '2.png', 'b'), ('../images/3.png', 'b')]
    )
    monkeypatch.chdir(tmp_path)
    pipeline = [{'type': 'cft.LoadImage'}, {'type': 'mmpretrain.PackInputs'}]
    data = LabelTable('lists/labels.csv', val_fraction=0.5, pipeline=pipeline)
    assert [data.get_data_info(index)['gt_label'] for index in range(len(data))] == [0, 1]
    assert np.array_equal(data[0]['inputs'].permute(1, 2, 0).numpy(), cv2.imread('images/é ü.png'))


@pytest.mark.parametrize('val', ['val', 'VALID', 'validation', 'dev'])
def test_splits_of_a_column(tmp_path: Path, val: str) -> None:
    words = {'train': 'Training', 'val': val, 'test': 'testing'}
    rows = [(f'{split}{i}.png', 'ab'[i % 2], words[split]) for split in words for i in range(4)]
    table = write_table(tmp_path, rows, 'path,label,split')
    for split in words:
        assert {path[:-5] for path, _ in contents(table, split)} == {split} and len(contents(table, split)) == 4


def test_missing_splits_are_made(tmp_path: Path, told: Callable[[], str]) -> None:
    """Validation images from those of training, never from the test; no test rows: told."""
    rows = [(f'{i}.png', 'ab'[i % 2], 'test' if i < 4 else 'train') for i in range(24)]
    table = write_table(tmp_path, rows, 'file,class,split')
    assert [len(contents(table, split)) for split in ('train', 'val', 'test')] == [18, 2, 4]
    assert 'reported as test' not in told()
    without = write_table(tmp_path, [row[:2] for row in rows], 'file,class', 'plain.csv')
    assert contents(without, 'test') == contents(without, 'val')
    assert 'no row of the split test: what is reported as test is the validation split' in told()


@pytest.mark.parametrize('column', ['group', 'Patient', 'patient_id', 'subject', 'video_id'])
def test_groups_stay_together(tmp_path: Path, column: str, told: Callable[[], str]) -> None:
    rows = [(f'{i}.png', 'ab'[i % 2], f'p{i // 5}') for i in range(60)]
    table = write_table(tmp_path, rows, f'path,label,{column}')
    group_of = {path: group for path, _, group in rows}
    train, val = ({group_of[path] for path, _ in contents(table, split)} for split in ('train', 'val'))
    assert not train & val and len(train | val) == 12
    assert f'column {column}: 1 of 12 groups are held out for validation, 5 of 60 images' in told()


def test_named_group_column(tmp_path: Path) -> None:
    rows = [(f'{i}.png', 'ab'[i % 2], f'h{i // 6}') for i in range(60)]
    table = write_table(tmp_path, rows, 'path,label,hospital')
    held_out = {int(path[:-4]) // 6 for path, _ in contents(table, 'val', group_by='hospital')}
    assert len(held_out) == 1 and len(contents(table, 'val', group_by='hospital')) == 6
    with pytest.raises(ConfigError, match='group_by=ward: .*no such column; it has path, label, hospital'):
        LabelTable(str(table), group_by='ward')


def test_what_was_noticed_is_told_once(tmp_path: Path, told: Callable[[], str]) -> None:
    rows = [(f'{i}.png', 'ab'[i % 2], 'x', f'p{i}') for i in range(20)]
    table = write_table(tmp_path, [*rows, rows[3], rows[5]], 'path,label,camera,patient')
    text = table.read_text().replace(',', ';')
    table.write_text(text)
    for split in ('train', 'val', 'test'):
        LabelTable(str(table), split=split)
    for line in (
        'parted by a semicolon',
        'columns that are not used: camera',
        '2 rows repeat others; each image counts',
    ):
        assert told().count(line) == 1
    assert sum(len(contents(table, split)) for split in ('train', 'val')) == 20


def test_groups_in_several_splits_are_told(tmp_path: Path, told: Callable[[], str]) -> None:
    rows = [(f'{i}.png', 'ab'[i % 2], ['train', 'val'][i % 3 == 0], f'p{i // 4}') for i in range(16)]
    LabelTable(str(write_table(tmp_path, rows, 'path,label,split,patient')))
    assert '4 groups are in several splits (p0, p1, p2), so that figures may be too high' in told()


def test_labels_of_a_subset(tmp_path: Path) -> None:
    table = write_table(tmp_path, [(f'{i}.png', 'abc'[i % 3]) for i in range(30)])
    subset = StratifiedSubset({'type': 'cft.LabelTable', 'data_root': str(table)}, per_class=2)
    assert np.bincount(subset.get_gt_labels()).tolist() == [2, 2, 2]


SEVERAL = [
    (f'{i}.png', '|'.join(name for bit, name in enumerate(['dog', 'grass', 'sky']) if i >> bit & 1)) for i in range(32)
]


@pytest.mark.parametrize('columns', [False, True])
def test_several_labels(tmp_path: Path, columns: bool) -> None:
    """In one column or in one for each class; an image without any is one of them."""
    rows, header = SEVERAL, 'path,label'
    if columns:
        rows = [(path, *(int(name in labels) for name in ('sky', 'dog', 'grass'))) for path, labels in SEVERAL]
        header = 'path,sky,dog,grass'
    table = write_table(tmp_path, rows, header)
    names = MultiLabelTable(str(table)).metainfo['classes']
    assert names == (('sky', 'dog', 'grass') if columns else ('dog', 'grass', 'sky'))
    splits = [contents(table, split, MultiLabelTable) for split in ('train', 'val')]
    found = {path: '|'.join(sorted(names[label] for label in labels)) for split in splits for path, labels in split}
    assert found == dict(SEVERAL) and found['0.png'] == ''
    for split in splits:
        assert {label for _, labels in split for label in labels} == {0, 1, 2}


def test_a_class_that_no_image_has(tmp_path: Path) -> None:
    """A column says that there is one."""
    table = write_table(tmp_path, [(f'{i}.png', i % 2, 0) for i in range(20)], 'path,dog,cat')
    assert MultiLabelTable(str(table)).metainfo['classes'] == ('dog', 'cat')


def test_group_folders(tmp_path: Path, told: Callable[[], str]) -> None:
    """Without the setting nothing changes, but it is told; with it a patient is on one side, in all classes."""
    for name in ('ill', 'well'):
        for patient in range(10):
            image_files.write(tmp_path / name / f'p{patient}', *(f'{i}.png' for i in range(3)))
        image_files.write(tmp_path / name, 'loose.png')
    before = image_files.contents(tmp_path, 'val')
    assert len({path.split('/')[1] for path, _ in before}) > 2
    image_files.contents(tmp_path, 'train')
    assert '10 sub-folders of the classes may be patients or videos' in told()
    train, val = (image_files.contents(tmp_path, split, group_by='folder') for split in ('train', 'val'))
    patients = [{path.split('/')[1] for path, _ in split} - {'loose.png'} for split in (train, val)]
    assert not patients[0] & patients[1] and len(patients[0] | patients[1]) == 10
    assert {label for _, label in val} == {0, 1} and len(train) + len(val) == 62


def test_group_folders_that_are_not_there(tmp_path: Path) -> None:
    fill(tmp_path, a=5, b=5)
    with pytest.raises(ConfigError, match='have no sub-folders; leave group_by out'):
        ImageFolder(str(tmp_path), group_by='folder')
    with pytest.raises(ConfigError, match="group_by='patient': class folders can be divided by 'folder'"):
        ImageFolder(str(tmp_path), group_by='patient')
