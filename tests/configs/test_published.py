"""The configs against the papers' settings, which published.yaml holds; the README's figures against configs/tables."""

from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

from cft.apis import load_config
from cft.apis.tables.reading import list_tables, read_table
from cft.datasets.preparation.classification import IMAGE_SETS, OTHER_SETS
from cft.engine.config_nodes import iterate_dicts
from tests.support.digits_runs import CONFIGS

PUBLISHED = yaml.safe_load(Path(__file__).with_name('published.yaml').read_text())
COUNTS = PUBLISHED['counts']['core_tuning'] | PUBLISHED['counts']['official']
TABLE_2 = PUBLISHED['core_tuning']
ROTATED = ('cifar10', 'aircraft')
README = (CONFIGS / 'ce' / 'README.md').read_text()
MULTILABEL = 'voc07'
PAPERS = ('coretuning/', 'coin/', 'schane/')
AVERAGES = ('average', 'average_s_dbw', 'average_hours')
# Whose average the paper itself has wrong, or a cell; each says so.
NOT_THE_MEAN = {'coretuning/table_4': {'supervised_ce'}, 'coretuning/table_6': {'sl_ce'}, 'coin/table_3': {'coin'}}
# Tables of the README by the first cell of their head: table and, by title, rows.
README_TABLES = {
    'Core-tuning, table 6': (
        'coretuning/table_6',
        {
            'CE': 'ce', 'L2-SP': 'l2sp', 'M&M': 'mm', 'DELTA': 'delta', 'BSS': 'bss', 'RIFLE': 'rifle', 'SCL': 'scl',
            'Bi-tuning': 'bituning', 'Core-tuning': 'coretuning', 'SL-CE': 'sl_ce',
        },
    ),
    'COIN, table 1': (
        'coin/table_1',
        {'CE': 'ce', 'SCL': 'scl', 'Core-tuning': 'coretuning', 'Noisy-Tune': 'noisytune', 'COIN': 'coin'},
    ),
    'SCHaNe, table 2': (
        'schane/table_2',
        {'ViT-B, CE': 'vit_b', 'MAE, CE': 'mae', 'BEiT-3, CE': 'ce', 'BEiT-3, CE + SCHaNe': 'schane'},
    ),
}  # fmt: skip
COLUMNS_OF_README = [
    'imagenet20', 'cifar10', 'cifar100', 'cub', 'caltech256', 'flowers102', 'caltech101', 'dtd', 'aircraft', 'cars',
    'pets', 'flowers', 'inat17', 'places365', 'imagenet', 'average',
]  # fmt: skip


def read(name: str) -> Config:
    return load_config(CONFIGS / f'{name}.py')


def config_of(data: str) -> Config:
    return read(f'ce/r50_{data}' + ('_multilabel' if data == MULTILABEL else ''))


def columns_of(name: str, average: str) -> list[str]:
    """The columns of which another one is the mean: all others, of the same measure."""
    kind = average.removeprefix('average')
    return [column for column in read_table(name).columns if column not in AVERAGES and column.endswith(kind)]


def steps(pipeline: list[dict]) -> list[dict]:
    """The transforms, those of views among them."""
    return [node for _, node in iterate_dicts(list(pipeline)) if 'type' in node and node['type'] != 'MultiView']


def arguments(pipeline: list[dict], kind: str, name: str) -> list[object]:
    return [step[name] for step in steps(pipeline) if step['type'] == kind]


@pytest.mark.parametrize('data', COUNTS)
def test_classes_and_counts(data: str) -> None:
    """The head has the classes, the preparation checks the counts, and the data's file names them."""
    classes, train, test = COUNTS[data]
    assert config_of(data).model.head.num_classes == classes
    prepared = (IMAGE_SETS | OTHER_SETS)[data]
    assert (prepared.classes, prepared.train, prepared.test) == (classes, train, test)
    if data in ('cifar10', 'cifar100'):
        # Their file names the 50,000 alone; mmpretrain's reader checks the files by digest.
        return
    text = (CONFIGS / '_base_' / 'datasets' / f'{data}.py').read_text()
    header = ' '.join(line[2:] for line in text.splitlines() if line.startswith('# '))
    written = {f'{number:,}' for number in (classes, train, test)}
    assert all(number in header for number in written), written


@pytest.mark.parametrize('data', COUNTS)
def test_all_training_images_are_trained_on_and_nothing_is_chosen_on_test_images(data: str) -> None:
    cfg = config_of(data)
    assert cfg.get('val_dataloader') is None and cfg.get('val_evaluator') is None and cfg.get('val_cfg') is None
    assert 'save_best' not in cfg.default_hooks.checkpoint
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    assert (train.type, train.data_root) == (test.type, test.data_root)
    splits = {'imagenet': ('train', 'val'), MULTILABEL: ('trainval', 'test')}.get(data, ('train', 'test'))
    assert (train.split, test.split) == splits
    if train.type == 'cft.LabelTable':
        assert (train.data_root, train.val_fraction, test.val_fraction) == (f'data/{data}/labels.csv', 0, 0)


@pytest.mark.parametrize('data', [*COUNTS, *(f'{data}_rotated' for data in ROTATED)])
def test_images(data: str) -> None:
    """Appendix C.2: crops to 224 and flips, tested on 224 of 256; rotated ones with the released code's figures."""
    cfg = config_of(data)
    for pipeline in (cfg.train_dataloader.dataset.pipeline, cfg.two_view_pipeline):
        kinds = [step['type'] for step in steps(pipeline) if step['type'] not in ('cft.LoadImage', 'PackInputs')]
        if data.endswith('_rotated'):
            assert kinds == ['ResizeEdge', 'Rotate', 'RandomCrop', 'RandomFlip']
            assert arguments(pipeline, 'ResizeEdge', 'scale') == [272]
            assert arguments(pipeline, 'Rotate', 'magnitude_range') == [(0, 15)]
            assert arguments(pipeline, 'RandomCrop', 'crop_size') == [256]
        else:
            assert kinds == ['RandomResizedCrop', 'RandomFlip']
            assert arguments(pipeline, 'RandomResizedCrop', 'scale') == [224]
    test = cfg.test_dataloader.dataset.pipeline
    assert arguments(test, 'ResizeEdge', 'scale') == [256]
    assert arguments(test, 'CenterCrop', 'crop_size') == [256 if data.endswith('_rotated') else 224]


@pytest.mark.parametrize('data', [*TABLE_2, *(f'{data}_rotated' for data in ROTATED)])
def test_table_2_of_core_tuning(data: str) -> None:
    cfg, row = read(f'coretuning/r50_{data}'), TABLE_2[data.removesuffix('_rotated')]
    branch, optimizer = cfg.model.head.contrastive, cfg.optim_wrapper.optimizer
    assert (branch.loss_weight, branch.pairs.alpha) == (row['eta'], row['alpha'])
    assert (branch.pairs.negative_threshold, branch.loss.temperature) == (0.8, 0.07)
    assert (branch.projector.out_channels, branch.projector.num_layers) == (256, 2)
    linear = row['schedule'] == 'linear'
    assert (optimizer.type, optimizer.lr, optimizer.momentum, optimizer.weight_decay) == ('SGD', row['lr'], 0.9, 1e-4)
    assert optimizer.nesterov == (not linear)
    assert cfg.param_scheduler.type == ('LinearLR' if linear else 'CosineAnnealingLR')
    assert (cfg.train_cfg.max_epochs, cfg.auto_scale_lr.base_batch_size) == (row['epochs'], row['batch'])
    # "4 GPUs for iNaturalist18, and 1 GPU for all other datasets".
    assert cfg.train_dataloader.batch_size * (4 if data == 'inat18' else 1) == row['batch']


@pytest.mark.parametrize('data', read_table('schane/table_2').columns)
def test_settings_of_schane(data: str) -> None:
    expected = PUBLISHED['schane']
    for method in ('ce', 'schane'):
        cfg = read(f'{method}/beit_b16_{data}')
        optimizer = cfg.optim_wrapper.optimizer
        assert (optimizer.lr, optimizer.weight_decay) == (expected['lr'], expected['weight_decay'])
        assert cfg.auto_scale_lr.base_batch_size == expected['batch'] == 8 * cfg.train_dataloader.batch_size
        assert cfg.train_cfg.max_epochs == expected['epochs'] and cfg.model.backbone.drop_rate == expected['dropout']
        assert cfg.model.head.num_classes == COUNTS[data][0]
        pipeline = cfg.train_dataloader.dataset.pipeline
        kinds = [step['type'] for step in steps(pipeline) if step['type'] != 'cft.LoadImage' and 'policies' not in step]
        assert [kind for kind in kinds if kind in ('RandomResizedCrop', 'RandomFlip')] == kinds[:2]
        assert arguments(pipeline, 'AutoAugment', 'policies')
        views = [node['num_views'] for _, node in iterate_dicts(list(pipeline)) if node.get('type') == 'MultiView']
        assert views == ([2] if method == 'schane' else [])
    assert cfg.model.head.contrastive.loss.temperature == expected['tau']
    assert cfg.model.head.loss_weights.loss_con == expected['lambda'] == 1 - cfg.model.head.loss_weights.loss_ce


@pytest.mark.parametrize('name', [name for name in list_tables() if name.startswith(PAPERS)])
def test_rows_have_the_average_that_is_printed(name: str) -> None:
    """So a figure of a mangled table that was read wrong is found; figures and average are rounded."""
    table = read_table(name)
    found = set()
    for row in table.rows:
        for average in (cell for cell in table.cells if cell.row == row and cell.column in AVERAGES):
            others = [table.cell(row, column) for column in columns_of(name, average.column)]
            mean = sum(cell.value for cell in others) / len(others)
            if abs(mean - average.value) > 0.01:
                found.add(row)
                assert any(cell.remark for cell in others)
    assert found == NOT_THE_MEAN.get(name, set())


def rows_of(first: str) -> dict[str, list[str]]:
    """By its first cell, each row of the README's table whose head begins with a cell."""
    lines = README.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith(f'| {first} |'))
    found = {}
    for line in lines[head:]:
        if not line.startswith('|'):
            break
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        found[cells[0]] = cells[1:]
    return found


def test_readme_has_the_data_sets() -> None:
    table = rows_of('config')
    for data, (classes, train, test) in COUNTS.items():
        row = table[f'`{data}`']
        cells = [f'{number:,}' for number in (classes, train, test)]
        if data in TABLE_2:
            settings = TABLE_2[data]
            cells += [str(settings[key]) for key in ('batch', 'lr', 'epochs', 'eta', 'alpha')]
        else:
            cells += [''] * 5
        assert row[1:9] == cells, data


@pytest.mark.parametrize('first', README_TABLES)
def test_readme_has_the_published_accuracies(first: str) -> None:
    name, titles = README_TABLES[first]
    written = {title: row for title, row in rows_of(first).items() if not title.startswith('---')}
    columns = [column.strip('`') for column in written.pop(first)]
    table = read_table(name)
    assert columns == [column for column in COLUMNS_OF_README if column in table.columns]
    assert written == {
        title: [f'{table.cell(row, column).value:.2f}' for column in columns] for title, row in titles.items()
    }
