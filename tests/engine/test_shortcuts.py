"""Shortcuts reach what they stand for, or the run stops."""

from pathlib import Path

import pytest
from mmengine.config import Config

from cft.apis import load_config
from cft.engine.config_nodes import iterate_dicts
from cft.engine.hooks.config_check import check_settings
from cft.engine.shortcuts import SHORTCUTS, check_shortcuts, set_shortcut
from cft.errors import ConfigError
from tests.support.data_set_configs import DIFFERENT_CONFIGS
from tests.support.digits_runs import CONFIGS

OTHER = {'data_root': 'else/where', 'test_domain': 'elsewhere', 'image_size': 448, 'batch_size': 7, 'epochs': 120,
         'test_fraction': 0.25}  # fmt: skip
ONE_OF_EACH = [
    'coretuning/r50_folder', 'ce/vit_b16_folder', 'schane/r50_folder', 'ce/r50_pacs_dg', 'ce/r50_voc_seg',
    'sce/r50_imagenet', 'sce/r18_cifar10', 'mocov2/r18_stl10_linear', 'quickstart/ce_dg', 'quickstart/ce_det',
    'deepcluster/r50_imagenet_8crop',
]  # fmt: skip


def values_in(node: object) -> list[object]:
    """All plain values of a config."""
    return [value for _, inner in iterate_dicts(node) for value in inner.values() if not isinstance(value, dict | list)]


@pytest.mark.parametrize('name', ONE_OF_EACH)
def test_each_acts_through_load_config(name: str) -> None:
    """The new value is in the top level and below, and the old one is in no loader and no loop any more."""
    plain = load_config(name)
    present = [shortcut for shortcut in SHORTCUTS if plain.get(shortcut) is not None]
    assert present
    for shortcut in present:
        cfg = load_config(name, {shortcut: OTHER[shortcut]})
        check_shortcuts(cfg._cfg_dict)
        below = {key: cfg[key] for key in ('train_dataloader', 'train_cfg', 'model') if key in cfg}
        found = [value for value in values_in(below) if value in (OTHER[shortcut], (OTHER[shortcut],) * 2)]
        assert cfg[shortcut] == OTHER[shortcut] and found


def test_image_size_keeps_the_margin_of_the_test_image() -> None:
    cfg = load_config('ce/vit_b16_folder', ['image_size=448'])
    sizes = [transform.get('scale') or transform.get('crop_size') for transform in cfg.test_dataloader.dataset.pipeline]
    assert [size for size in sizes if size] == [512, 448]
    assert cfg.train_dataloader.dataset.pipeline[1].scale == 448
    assert cfg.model.backbone.img_size == 448


def test_image_size_of_a_segmentation_is_that_of_its_crops() -> None:
    cfg = load_config('ce/r50_voc_seg', ['image_size=256'])
    crop = next(t for t in cfg.train_dataloader.dataset.pipeline if t.type == 'RandomCrop')
    assert tuple(crop.crop_size) == (256, 256)
    assert tuple(cfg.model.data_preprocessor['size']) == (256, 256)


def test_a_place_that_is_set_takes_its_shortcut_along() -> None:
    cfg = load_config('ce/r50_folder', ['train_cfg.max_epochs=4', 'train_dataloader.batch_size=8'])
    assert (cfg.epochs, cfg.batch_size) == (4, 8)


def test_shortcut_and_place_that_disagree_stop() -> None:
    with pytest.raises(ConfigError, match='epochs=8 and train_cfg.max_epochs=4 are the same setting'):
        load_config('ce/r50_folder', ['epochs=8', 'train_cfg.max_epochs=4'])


@pytest.mark.parametrize('shortcut', sorted(OTHER))
def test_merged_by_mmengine_it_stops(shortcut: str) -> None:
    """MMEngine's own tools read the file first; the hook, which knows the file, names the shortcut and the remedy."""
    path = CONFIGS / 'ce' / 'r50_pacs_dg.py' if shortcut == 'test_domain' else CONFIGS / 'ce' / 'r50_folder.py'
    cfg = Config.fromfile(path)
    written = cfg.to_dict()
    check_shortcuts(cfg._cfg_dict, written)
    cfg.merge_from_dict({shortcut: OTHER[shortcut]})
    with pytest.raises(ConfigError, match=f'{shortcut}={OTHER[shortcut]!r} has no effect.*set .*={OTHER[shortcut]}'):
        check_shortcuts(cfg._cfg_dict, written)


def test_a_place_merged_by_mmengine_is_no_mistake() -> None:
    cfg = Config.fromfile(CONFIGS / 'ce' / 'r50_folder.py')
    written = cfg.to_dict()
    cfg.merge_from_dict({'train_cfg.max_epochs': 4, 'train_dataloader.batch_size': 8})
    for split in ('train', 'val', 'test'):
        cfg[f'{split}_dataloader'].dataset.data_root = 'elsewhere'
    check_shortcuts(cfg._cfg_dict, written)


def leaf(tmp_path: Path, text: str) -> Config:
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = ['{CONFIGS / 'ce' / 'r50_folder.py'}']\n{text}\n")
    return load_config(path)


@pytest.mark.parametrize('line', ["data_root = 'flowers'", 'epochs = 3', 'batch_size = 5', 'image_size = 96'])
def test_a_shortcut_in_a_config_above_stops(line: str, tmp_path: Path) -> None:
    """A variable of a config reaches nothing in its _base_."""
    with pytest.raises(ConfigError, match=f'{line.replace(" = ", "=")} has no effect'):
        check_settings(leaf(tmp_path, line))


def test_a_place_in_a_config_above_takes_its_shortcut_along(tmp_path: Path) -> None:
    """OpenMMLab's users set the place itself; what is dumped of the config is true, and is read again."""
    cfg = leaf(tmp_path, 'train_dataloader = dict(batch_size=5)\ntrain_cfg = dict(max_epochs=3)')
    check_settings(cfg)
    assert (cfg.batch_size, cfg.epochs, cfg.data_root) == (5, 3, 'data/images')
    cfg.dump(tmp_path / 'dumped.py')
    dumped = load_config(tmp_path / 'dumped.py', ['batch_size=7'])
    check_settings(dumped)
    assert (dumped.train_dataloader.batch_size, dumped.epochs) == (7, 3)


def test_a_place_set_after_its_shortcut_counts() -> None:
    """In Python: what load_config was given has acted, and what is set after that is meant."""
    cfg = load_config('ce/r50_folder', {'batch_size': 12})
    cfg.train_dataloader.batch_size = 200
    check_settings(cfg, acted=True)
    assert cfg.batch_size == 200
    cfg = load_config('ce/r50_folder', {'batch_size': 12})
    cfg.batch_size = 200
    check_settings(cfg, acted=True)
    assert cfg.batch_size == cfg.train_dataloader.batch_size == 12
    cfg = load_config('ce/r50_folder')
    cfg.batch_size = 200
    with pytest.raises(ConfigError, match='batch_size=200 has no effect'):
        check_settings(cfg, acted=True)


def test_places_that_differ_leave_no_shortcut(tmp_path: Path) -> None:
    cfg = load_config('ce/r50_folder')
    for split, root in (('train', 'a'), ('val', 'b'), ('test', 'c')):
        cfg[f'{split}_dataloader'].dataset.data_root = root
    check_settings(cfg)
    assert cfg.data_root is None


def test_metrics_that_read_annotations_follow() -> None:
    """mmdet's own metric, of which a user's config gives the file below data_root."""
    cfg = load_config('ce/r50_coco_det')
    cfg.test_evaluator = dict(type='CocoMetric', ann_file='data/coco/annotations/instances_val2017.json')
    set_shortcut(cfg._cfg_dict, 'data_root', 'my coco')
    assert cfg.test_evaluator.ann_file == 'my coco/annotations/instances_val2017.json'
    assert cfg.train_dataloader.dataset.ann_file == 'annotations/instances_train2017.json'


def test_nothing_to_reach() -> None:
    with pytest.raises(ConfigError, match='would reach nothing'):
        set_shortcut({'data_root': 'a', 'train_dataloader': {'dataset': {'data_root': 'b'}}}, 'data_root', 'c')


@pytest.mark.parametrize('name', DIFFERENT_CONFIGS)
def test_shipped_configs_agree_with_themselves(name: str) -> None:
    cfg = load_config(name)
    check_shortcuts(cfg._cfg_dict)
    assert cfg.get('epochs') == (cfg.get('train_cfg') or {}).get('max_epochs')
    assert cfg.get('batch_size') == cfg.train_dataloader.batch_size
