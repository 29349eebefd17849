"""Splits that divide the same data must do it alike: every way in which one could see another's images is refused."""

import copy
from pathlib import Path
from typing import Any

import pytest

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.apis.configs.splits import check_disjoint, held_out_test, split_overrides
from cft.datasets.sample_infos import image_files
from cft.engine.split_divisions import check_divisions, readings
from cft.errors import ConfigError
from cft.registry import DATASETS
from tests.support.divided_data import class_folders

OWN = {
    'ce/folder': ['val_fraction', 'seed', 'test_fraction', 'test_seed', 'group_by'],
    'ce/folder_multilabel': ['val_fraction', 'seed', 'test_fraction'],
    'ce/folder_seg': ['val_fraction', 'seed', 'test_fraction', 'test_seed', 'image_folder'],
    'ce/folder_det': ['val_fraction', 'seed', 'test_fraction', 'test_seed', 'label_format'],
    'ce/folder_dg': ['val_fraction', 'seed', 'test_domain', 'domains'],
}
OTHER: dict[str, Any] = {'seed': 7, 'test_seed': 7, 'val_fraction': 0.3, 'test_fraction': 0.3}


@pytest.mark.parametrize(('config', 'name'), [(config, name) for config, names in OWN.items() for name in names])
def test_one_split_that_is_divided_otherwise(config: str, name: str) -> None:
    cfg = load_config(config)
    for loader in ('train', 'val', 'test'):
        changed = copy.deepcopy(cfg._cfg_dict)
        changed[f'{loader}_dataloader'].dataset[name] = OTHER.get(name, 'other')
        with pytest.raises(ConfigError, match=rf'divide data/\w+ differently \({name} is .*the same: .*{name}='):
            check_divisions(changed)


def test_a_training_is_refused_and_the_remedy_helps() -> None:
    """What the message says to set makes the splits agree."""
    with pytest.raises(ConfigError) as caught:
        check_config(load_config('ce/folder', {'train_dataloader.dataset.seed': 3}))
    remedy = str(caught.value).split('give all the same: ')[1].split()
    check_divisions(load_config('ce/folder', remedy)._cfg_dict)
    with pytest.raises(ConfigError, match='give all the same: test_fraction=0.5'):
        check_divisions(load_config('ce/folder', {'train_dataloader.dataset.test_fraction': 0.5})._cfg_dict)


def test_other_ways_to_write_the_same() -> None:
    """Defaults that are written out, and another name of the same folder."""
    check_divisions(load_config('ce/folder', {'train_dataloader.dataset.seed': 0})._cfg_dict)
    other = {'train_dataloader.dataset.data_root': './data/../data/images', 'train_dataloader.dataset.seed': 1}
    with pytest.raises(ConfigError, match='divide .* differently'):
        check_divisions(load_config('ce/folder', other)._cfg_dict)
    elsewhere = {'train_dataloader.dataset.data_root': 'data/others', 'train_dataloader.dataset.seed': 1}
    check_divisions(load_config('ce/folder', elsewhere)._cfg_dict)


@pytest.mark.parametrize(
    'change',
    [
        {'val_dataloader.dataset.split': 'train'},
        {'test_dataloader.dataset.split': 'train'},
        {'train_dataloader.dataset.split': 'val'},
        {'train_dataloader.dataset.split': 'test'},
    ],
)
def test_no_split_is_trained_on(change: dict) -> None:
    with pytest.raises(ConfigError, match='read the same samples, so that (validation|test) images are trained on'):
        check_divisions(load_config('ce/folder', change)._cfg_dict)


def loaders(train: dict, val: dict) -> dict:
    return {'train_dataloader': {'dataset': train}, 'val_dataloader': {'dataset': val}}


def test_parts_of_a_subset() -> None:
    """One takes what the other leaves, or there is an error; parts of different splits are free."""
    digits = {'type': 'cft.Digits', 'split': 'train', 'pipeline': []}
    part = {'type': 'cft.StratifiedSubset', 'fraction': 0.8, 'seed': 3, 'dataset': digits}
    rest = {**part, 'held_out': True, 'dataset': {**digits, 'pipeline': [{'type': 'PackInputs'}]}}
    check_divisions(loaders(part, rest))
    check_divisions(loaders(rest, part))
    for wrong in ({**rest, 'seed': 4}, {**rest, 'fraction': 0.7}, {**rest, 'held_out': False}, digits):
        with pytest.raises(ConfigError, match='validation images are trained on'):
            check_divisions(loaders(part, wrong))
    check_divisions(loaders(part, {**rest, 'seed': 4, 'dataset': {**digits, 'split': 'val'}}))


def test_wrappers_are_looked_through() -> None:
    folder = {'type': 'cft.ImageFolder', 'data_root': 'x'}
    both = {'type': 'ConcatDataset', 'datasets': [{**folder, 'data_root': 'y'}, {**folder, 'seed': 2}]}
    repeated = {'type': 'RepeatDataset', 'times': 3, 'dataset': both}
    places = [reading.where for reading in readings(loaders(repeated, folder))]
    below = 'train_dataloader.dataset.dataset.datasets'
    assert places == [f'{below}.0', f'{below}.1', 'val_dataloader.dataset']
    with pytest.raises(ConfigError, match=f'{below}.1 and val_dataloader.dataset divide x differently'):
        check_divisions(loaders(repeated, {**folder, 'split': 'val'}))


@pytest.mark.parametrize('kind', ['cft.STL10', 'cft.FashionMNIST'])
def test_published_data_sets(kind: str) -> None:
    name = 'val_fraction' if kind == 'cft.STL10' else 'val_per_class'
    data = {'type': kind, 'data_root': 'x', 'split': 'train', name: 0.1}
    check_divisions(loaders(data, {**data, 'split': 'val'}))
    with pytest.raises(ConfigError, match=f'{name} is 0.1 and 0.2'):
        check_divisions(loaders(data, {**data, 'split': 'val', name: 0.2}))


@pytest.mark.parametrize('config', [*OWN, 'quickstart/scl_digits', 'scl/r50_cifar10', 'quickstart/ce_dg'])
def test_moved_together_they_agree(config: str) -> None:
    cfg = load_config(config)
    changed = split_overrides(cfg, 5)
    moved = load_config(config, changed)
    check_divisions(moved._cfg_dict)
    seeds = [node.get('seed') for r in readings(moved._cfg_dict) for node in (r.node, *(n for _, n in r.wrappers))]
    assert seeds.count(5) == len(changed) == {'quickstart/scl_digits': 1, 'scl/r50_cifar10': 0}.get(config, 3)
    held_out = load_config(config, held_out_test(cfg, 0.2, seed=9))
    check_divisions(held_out._cfg_dict)
    found = {(r.node.get('test_fraction'), r.node.get('test_seed')) for r in readings(held_out._cfg_dict)}
    assert found == {(0.2, 9) if 'test_fraction' in OWN.get(config, ()) else (None, None)}


def test_moved_splits_are_other_images(tmp_path: Path) -> None:
    class_folders(tmp_path)
    given = {'data_root': str(tmp_path), 'test_fraction': 0.2}

    def files(changes: dict) -> list[set[str]]:
        cfg = load_config('ce/folder', {**given, **changes})
        check_disjoint(cfg)
        nodes = [cfg[f'{split}_dataloader'].dataset for split in ('train', 'val', 'test')]
        return [set(image_files(DATASETS.build({**node, 'pipeline': []}))) for node in nodes]

    first = files({})
    second = files(split_overrides(load_config('ce/folder', given), 5))
    assert first[0] != second[0] and first[1] != second[1] and first[2] == second[2]


def test_files_that_are_in_two_splits(tmp_path: Path) -> None:
    """Two folders by name, one within the other: no setting tells, the files do."""
    class_folders(tmp_path / 'all', per_class=4)
    cfg = load_config('ce/folder', {'data_root': str(tmp_path / 'all')})
    cfg.val_dataloader.dataset = dict(type='cft.UnlabelledImages', data_root=str(tmp_path / 'all' / 'a'), pipeline=[])
    cfg.test_dataloader = None
    with pytest.raises(ConfigError, match='images are in the training and the validation split .*00.png'):
        check_disjoint(cfg)
