"""Tables that cannot be meant: one line with the file, the row and the remedy."""

from pathlib import Path

import pytest

from cft.datasets import LabelTable, MultiLabelTable
from cft.errors import ConfigError
from tests.datasets.image_files import write
from tests.datasets.label_files import write_table

PLAIN = [(f'{i}.png', 'ab'[i % 2]) for i in range(10)]
SPLIT = [(*row, 'train') for row in PLAIN]


@pytest.mark.parametrize(
    ('rows', 'header', 'told'),
    [
        (PLAIN, 'path,kind', "no column label or .*'kind' is no class with 0 and 1 either .line 2: 'a'.*\"label\""),
        (PLAIN, 'picture,label', 'names no column path or'),
        ([(path,) for path, _ in PLAIN], 'path', 'no column label or'),
        (
            [*PLAIN, ('0.png', 'b')],
            'path,label',
            r"lines 2 and 12: .*0.png has different labels \(\('a',\), \('b',\)\)",
        ),
        ([*SPLIT, ('0.png', 'a', 'val')], 'path,label,split', 'lines 2 and 12: .*different split'),
        ([*PLAIN, ('./0.png', 'b')], 'path,label', 'lines 2 and 12'),
        (
            [*SPLIT, ('x.png', 'a', 'holdout')],
            'path,label,split',
            "line 12: the split 'holdout' is unknown; write train, val or",
        ),
        ([*SPLIT, ('x.png', 'a', '')], 'path,label,split', r'line 12: the split is empty \(column split\)'),
        ([*PLAIN, ('x.png', '')], 'path,label', r'1 images have no label \(.*x.png\)'),
        ([*PLAIN, ('x.png', 'a|b')], 'path,label', 'several labels .*ce/folder_multilabel'),
        ([(path, 0, 1) for path, _ in PLAIN], 'path,cat,dog', 'several labels .*ce/folder_multilabel'),
        ([(path, 'a', 'test') for path, _ in PLAIN], 'path,label,split', 'no row of the split train'),
        (
            [*SPLIT, ('x.png', 'c', 'val')],
            'path,label,split',
            "x.png of val has the class 'c', which no training image",
        ),
        (
            [(*row, 'p', 'v') for row in PLAIN],
            'path,label,patient,video',
            'columns patient and video, which both may be the group',
        ),
        ([(*row, 'p') for row in PLAIN], 'path,label,patient', 'no validation split can be made'),
    ],
)
def test_one_label(tmp_path: Path, rows: list[tuple], header: str, told: str) -> None:
    table = write_table(tmp_path, rows, header)
    with pytest.raises(ConfigError, match=told) as caught:
        LabelTable(str(table))
    assert 'labels.csv' in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('rows', 'told'),
    [
        ([*PLAIN, ('x.png', 'a|')], "line 12: 'a|' has an empty or a repeated label".replace('|', r'\|')),
        ([*PLAIN, ('x.png', 'a|a')], 'line 12: .*repeated label'),
        ([(path, '') for path, _ in PLAIN], 'no image has a label'),
    ],
)
def test_several_labels(tmp_path: Path, rows: list[tuple], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        MultiLabelTable(str(write_table(tmp_path, rows)))


def test_a_subset_of_several_labels(tmp_path: Path) -> None:
    data = MultiLabelTable(str(write_table(tmp_path, PLAIN)))
    with pytest.raises(ConfigError, match='a subset of each class is not defined'):
        data.get_gt_labels()


def test_missing_images_are_counted_and_named(tmp_path: Path) -> None:
    table = write_table(tmp_path, PLAIN)
    for name in ('1.png', '5.png', '6.png', '7.png'):
        (tmp_path / name).unlink()
    with pytest.raises(ConfigError, match=r'4 of 10 images are missing: .*1.png, .*5.png, .*6.png, \.\.\.; paths are'):
        LabelTable(str(table))


@pytest.mark.parametrize('root', ['nowhere.csv', 'images', 'notes.txt'])
def test_no_table(tmp_path: Path, root: str) -> None:
    write(tmp_path / 'images', '1.png')
    (tmp_path / 'notes.txt').write_text('path,label\n')
    with pytest.raises(
        ConfigError, match=f'{root}: there is no such .csv or .tsv file; give the table with data_root=FILE'
    ):
        LabelTable(str(tmp_path / root))


def test_unknown_split(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'test', 'train', 'val'.*'valid'"):
        LabelTable(str(write_table(tmp_path, PLAIN)), split='valid')


def test_nothing_to_validate_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no image can be held out for validation, as each class has only one'):
        LabelTable(str(write_table(tmp_path, PLAIN[:2])), split='val')
