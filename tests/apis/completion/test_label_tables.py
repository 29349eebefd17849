"""A table instead of class folders: what data_root is decides, and everything else follows."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.completion.completion import complete_config
from cft.apis.running.data_digest import digest_data
from cft.datasets import LabelTable
from cft.errors import ConfigError
from tests.datasets.label_files import write_table

CONFIG = 'ce/r50_folder'
SPLITS = ('train', 'val', 'test')


def completed(root: Path, config: str = CONFIG, **overrides: object) -> Config:
    cfg = load_config(config, {'data_root': str(root)} | overrides)
    complete_config(cfg)
    return cfg


def kinds(cfg: Config) -> set[tuple[str, str]]:
    datasets = [cfg[f'{split}_dataloader'].dataset for split in SPLITS]
    return {(dataset.type, dataset.data_root) for dataset in datasets}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / 'flowers', [(f'{i}.png', ['rose', 'lily', 'iris'][i % 3]) for i in range(30)])


def test_a_file_is_a_table(table: Path) -> None:
    cfg = completed(table)
    assert kinds(cfg) == {('cft.LabelTable', str(table))} and cfg.model.head.num_classes == 3


@pytest.mark.parametrize('name', ['labels.csv', 'labels.tsv'])
def test_a_folder_with_a_table(table: Path, name: str) -> None:
    """The file takes the folder's place, in the shortcut as well: what is dumped is what runs."""
    if name != table.name:
        table.write_text(table.read_text().replace(',', '\t'))
        table = table.rename(table.with_name(name))
    cfg = completed(table.parent)
    assert kinds(cfg) == {('cft.LabelTable', str(table))} and cfg.data_root == str(table)
    dumped = Config.fromstring(cfg.pretty_text, '.py')
    complete_config(dumped)
    assert kinds(dumped) == kinds(cfg)


def test_two_tables_in_a_folder(table: Path) -> None:
    shutil.copy(table, table.with_suffix('.tsv'))
    with pytest.raises(ConfigError, match='labels.csv and labels.tsv; name one of them: data_root='):
        completed(table.parent)


def test_a_folder_of_classes_stays_one(tmp_path: Path, table: Path) -> None:
    """Also where a run with a table is tested on a folder."""
    for name in ('rose', 'lily', 'iris'):
        write_table(tmp_path / 'new', [(f'{name}/{i}.png', name) for i in range(4)])
    (tmp_path / 'new' / 'labels.csv').rename(tmp_path / 'new' / 'list.csv')
    assert kinds(completed(tmp_path / 'new')) == {('cft.ImageFolder', str(tmp_path / 'new'))}
    cfg = completed(table)
    cfg.test_dataloader.dataset.data_root = str(tmp_path / 'new')
    complete_config(cfg)
    assert cfg.test_dataloader.dataset.type == 'cft.ImageFolder'
    assert cfg.train_dataloader.dataset.type == 'cft.LabelTable'


def test_statistics_are_those_of_the_training_rows(table: Path) -> None:
    import cv2

    cfg = completed(table, normalization='dataset')
    data = LabelTable(str(table))
    files = [data.get_data_info(index)['img_path'] for index in range(len(data))]
    pixels = np.concatenate([cv2.imread(file)[..., ::-1].reshape(-1, 3) for file in files])
    assert cfg.model.data_preprocessor.mean == pytest.approx(pixels.mean(0), abs=5.1e-4)
    assert cfg.model.data_preprocessor.std == pytest.approx(pixels.std(0), abs=5.1e-4)


def test_value_range_is_measured(tmp_path: Path) -> None:
    import cv2

    table = write_table(tmp_path, [(f'{i}.png', 'ab'[i % 2]) for i in range(20)])
    for i in range(20):
        cv2.imwrite(str(tmp_path / f'{i}.png'), np.full((4, 4), 1000 + i, np.uint16))
    low, high = completed(table, value_range='dataset').value_range
    assert 1000 <= low < high <= 1019 and high - low >= 15


def test_digest(table: Path, tmp_path: Path) -> None:
    """Neither the place nor the order of the rows matters; a label does."""
    first = digest_data(LabelTable(str(table)))
    assert first['covers'] == 'annotations, file names, file sizes' and first['samples'] == 27
    shutil.copytree(table.parent, tmp_path / 'moved')
    moved = tmp_path / 'moved' / table.name
    header, *rows = moved.read_text().splitlines()
    moved.write_text('\n'.join([header, *reversed(rows)]))
    assert digest_data(LabelTable(str(moved)))['digest'] == first['digest']
    moved.write_text('\n'.join([header, '0.png,iris', *rows[1:]]))
    assert digest_data(LabelTable(str(moved)))['digest'] != first['digest']


@pytest.mark.parametrize('method', ['coretuning', 'ce', 'coin', 'scl', 'schane'])
def test_several_labels_are_refused(tmp_path: Path, method: str) -> None:
    several = write_table(tmp_path, [(f'{i}.png', 'a|b' if i % 2 else '') for i in range(10)])
    with pytest.raises(ConfigError, match='contrastive methods are not defined; train it with ce/folder_multilabel'):
        completed(several, f'{method}/r50_folder')


def test_several_labels(tmp_path: Path) -> None:
    several = write_table(tmp_path, [(f'{i}.png', 'a|b' if i % 2 else 'c' if i % 3 else '') for i in range(20)])
    cfg = completed(several, 'ce/r50_folder_multilabel')
    assert kinds(cfg) == {('cft.MultiLabelTable', str(several))} and cfg.model.head.num_classes == 3
    head = dict(type='cft.ContrastiveClsHead', num_classes=None, in_channels=2048)
    with pytest.raises(ConfigError, match='several labels, for which contrastive methods are not defined: model.head'):
        completed(several, 'ce/r50_folder_multilabel', **{'model.head': head})


def test_group_by_reaches_all_splits() -> None:
    cfg = load_config('coretuning/r50_folder', ['group_by=folder'])
    assert [cfg[f'{split}_dataloader'].dataset.group_by for split in SPLITS] == ['folder'] * 3
    assert json.dumps(load_config('coretuning/r50_folder').group_by) == 'null'
