"""complete_segmentation_config and complete_normalization: what a config leaves to images and masks."""

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from cft.apis import load_config
from cft.apis.completion.completion import complete_config
from cft.apis.completion.segmentation_config import complete_segmentation_config
from cft.datasets.segmentation_folder import SegmentationFolder
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from tests.support.mask_folders import PALETTE, labels_of, usual, write_image, write_mask


def complete(root: Path, *options: str) -> Config:
    cfg = load_config('coretuning/r50_folder_seg', [f'data_root={root}', *options])
    complete_segmentation_config(cfg)
    return cfg


def numbers(cfg: Config) -> set[object]:
    return {node['num_classes'] for _, node in iterate_dicts(cfg._cfg_dict) if 'num_classes' in node}


def datasets(cfg: Config) -> list[dict]:
    return [cfg[f'{split}_dataloader'].dataset for split in ('train', 'val', 'test')]


def test_the_number_of_classes_is_everywhere(tmp_path: Path) -> None:
    """Both heads, and the reader in each pipeline, that of OpenMMLab's inference among them."""
    cfg = complete(usual(tmp_path, classes=4))
    assert numbers(cfg) == {4}
    assert cfg.model.decode_head.num_classes == cfg.model.auxiliary_head.num_classes == 4
    assert next(step for step in cfg.test_pipeline if step.type == 'cft.LoadSegmentation').num_classes == 4
    assert [dataset.metainfo.classes for dataset in datasets(cfg)] == [[f'class_{i}' for i in range(4)]] * 3


def test_what_is_dumped_says_everything_and_is_not_looked_for_again(tmp_path: Path) -> None:
    root = usual(tmp_path / 'data', classes=3)
    cfg = complete(root)
    cfg.dump(tmp_path / 'dumped.py')
    again = load_config(tmp_path / 'dumped.py')
    before = json.dumps(again.to_dict(), default=str)
    # Nothing of the masks is read.
    for mask in (root / 'masks').iterdir():
        mask.write_bytes(b'')
    complete_segmentation_config(again)
    assert json.dumps(again.to_dict(), default=str) == before


def test_colours(tmp_path: Path) -> None:
    for seed in range(3):
        write_image(tmp_path / 'images' / f'{seed}.png', seed)
        write_mask(tmp_path / 'masks' / f'{seed}.png', labels_of(seed), PALETTE)
    assert [dataset.metainfo.palette for dataset in datasets(complete(tmp_path))] == [PALETTE[:3].tolist()] * 3


def test_black_and_white(tmp_path: Path) -> None:
    """The config says what 255 means, and data sets built from it need not look."""
    for seed in range(3):
        write_image(tmp_path / 'images' / f'{seed}.png', seed)
        write_mask(tmp_path / 'masks' / f'{seed}.png', labels_of(seed, 2) * np.uint8(255))
    cfg = complete(tmp_path)
    assert numbers(cfg) == {2} and cfg.foreground == 255
    assert [dataset.foreground for dataset in datasets(cfg)] == [255] * 3
    settings = {key: value for key, value in cfg.train_dataloader.dataset.items() if key not in ('type', 'pipeline')}
    assert SegmentationFolder(**settings).get_data_info(0)['label_map'] == {255: 1}


@pytest.mark.parametrize(
    ('option', 'value'), [('foreground', 128), ('mask_folder', 'contours'), ('reduce_zero_label', True)]
)
def test_settings_reach_all_splits(option: str, value: object, tmp_path: Path) -> None:
    for seed in range(3):
        write_image(tmp_path / 'images' / f'{seed}.png', seed)
        labels = labels_of(seed, 3) if option != 'foreground' else labels_of(seed, 2) * np.uint8(128)
        write_mask(tmp_path / ('contours' if option == 'mask_folder' else 'masks') / f'{seed}.png', labels)
    cfg = complete(tmp_path, f'{option}={value}')
    assert [dataset[option] for dataset in datasets(cfg)] == [value] * 3
    assert numbers(cfg) == {3 if option == 'mask_folder' else 2}


@pytest.mark.parametrize('form', ['background,crack,rust', 'names.txt'])
def test_names(form: str, tmp_path: Path) -> None:
    usual(tmp_path)
    (tmp_path / 'names.txt').write_text('background\ncrack\nrust\n')
    cfg = complete(tmp_path, f'classes={form}')
    assert [dataset.metainfo.classes for dataset in datasets(cfg)] == [['background', 'crack', 'rust']] * 3
    assert cfg.classes == ['background', 'crack', 'rust']
    # Other names for the same data.
    cfg.classes = ['x', 'y', 'z']
    complete_segmentation_config(cfg)
    assert cfg.train_dataloader.dataset.metainfo.classes == ['x', 'y', 'z']


def test_given_numbers_stay(tmp_path: Path) -> None:
    cfg = complete(usual(tmp_path), 'model.decode_head.num_classes=7')
    assert numbers(cfg) == {3, 7}


def test_statistics_are_those_of_the_training_images(tmp_path: Path) -> None:
    """In the order red, green, blue, without what is held out."""
    usual(tmp_path, 20)
    cfg = load_config('ce/r50_folder_seg', [f'data_root={tmp_path}', 'normalization=dataset'])
    complete_config(cfg)
    dataset = SegmentationFolder(str(tmp_path), metainfo=dict(classes=['a', 'b', 'c']))
    files = [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]
    pixels = np.concatenate([np.asarray(Image.open(file)).reshape(-1, 3) for file in files]).astype(float)
    assert len(files) == 18
    assert cfg.model.data_preprocessor.mean == pytest.approx(pixels.mean(0), abs=1e-3)
    assert cfg.model.data_preprocessor.std == pytest.approx(pixels.std(0), abs=1e-3)
    assert cfg.model.data_preprocessor.bgr_to_rgb is True
    with pytest.raises(ConfigError, match="normalization must be .*, got 'mine'"):
        complete_config(load_config('ce/r50_folder_seg', [f'data_root={tmp_path}', 'normalization=mine']))


def test_value_range_is_measured(tmp_path: Path) -> None:
    usual(tmp_path, 6)
    low, high = np.inf, -np.inf
    for seed, path in enumerate(sorted((tmp_path / 'images').iterdir())):
        pixels = np.random.default_rng(seed).integers(300, 4000, (6, 8), dtype=np.uint16)
        Image.fromarray(pixels).save(path)
        low, high = min(low, pixels.min()), max(high, pixels.max())
    cfg = load_config('ce/r50_folder_seg', [f'data_root={tmp_path}', 'value_range=dataset'])
    complete_config(cfg)
    assert low <= cfg.value_range[0] < cfg.value_range[1] <= high
    assert cfg.train_dataloader.dataset.pipeline[0].value_range == cfg.value_range


def test_other_configs_are_left_alone(tmp_path: Path) -> None:
    cfg = load_config('ce/r50_voc_seg')
    before = cfg.to_dict()
    complete_segmentation_config(cfg)
    assert cfg.to_dict() == before


def test_mmengines_own_runner_is_told_what_it_lacks(tmp_path: Path) -> None:
    from mmengine.registry import MODELS, init_default_scope

    cfg = load_config('ce/r50_folder_seg', [f'data_root={usual(tmp_path)}'])
    init_default_scope('mmseg')
    with pytest.raises(ConfigError, match=r'num_classes is None: .*model\.decode_head\.num_classes'):
        MODELS.build(cfg.model)
    with pytest.raises(ConfigError, match='LoadSegmentation: num_classes is None'):
        SegmentationFolder(str(tmp_path), pipeline=cfg.train_pipeline)
