"""Images of 16 bits train and evaluate as the 8-bit images that a stated range makes of them, in every task."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import set_random_seed
from torch.utils.data import Dataset

from cft.apis import list_configs, load_config
from cft.apis.completion.completion import complete_config
from cft.apis.completion.value_range import complete_value_range
from cft.datasets.image_errors import guard_images, look_ahead
from cft.engine.config_nodes import iterate_dicts
from cft.engine.shortcuts import check_shortcuts
from cft.errors import ConfigError, DataError
from cft.registry import DATASETS
from tests.support.digits_runs import CONFIGS
from tests.support.domain_runs import draw
from tests.support.tasks import draw_few_shapes

TASKS = {
    'classification': 'ce/r50_folder', 'two views': 'coretuning/r50_folder', 'domains': 'quickstart/ce_dg',
    'segmentation': 'quickstart/ce_seg', 'detection': 'quickstart/ce_det', 'pre-training': 'sce/r50_imagenet',
    'clustering': 'deepcluster/r50_imagenet_8crop', 'own detection': 'ce/r50_folder_det',
}  # fmt: skip


def images_of(task: str, root: Path) -> dict[str, object]:
    """Eight-bit images for the task, and the settings that lead to them."""
    if task in ('segmentation', 'detection'):
        return {'data_root': str(draw_few_shapes(root))}
    if task == 'own detection':
        return {'data_root': str(draw_few_shapes(root)), 'label_format': 'voc', 'image_size': 64}
    if task == 'domains':
        return {'data_root': str(draw(root, per_class=4)), 'test_domain': 'sketch'}
    rng = np.random.default_rng(0)
    for split in ('train', 'val'):
        for name in 'ab':
            (root / split / name).mkdir(parents=True)
            for index in range(4):
                picture = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
                cv2.imwrite(str(root / split / name / f'{index}.png'), picture)
    return {'data_root': str(root)}


def loaded(task: str, settings: dict[str, object]) -> Config:
    cfg = load_config(TASKS[task], settings)
    if cfg.train_dataloader.dataset.type == 'ImageNet':
        # It has a thousand classes.
        cfg.train_dataloader.dataset.type = 'cft.ImageFolder'
    return cfg


def deepen(root: Path) -> None:
    """The same images with 16 bits, of which the low byte is that of the high one: 65535 is white."""
    for file in [
        file for kind in ('*.png', '*.jpg') for file in root.rglob(kind) if 'SegmentationClass' not in str(file)
    ]:
        file.write_bytes(cv2.imencode('.png', cv2.imread(str(file)).astype(np.uint16) * 257)[1].tobytes())


def flatten(root: Path) -> None:
    """As PNG, whatever the name, so that nothing is lost between the two."""
    for file in root.rglob('*.jpg'):
        file.write_bytes(cv2.imencode('.png', cv2.imread(str(file)))[1].tobytes())


def built(cfg: Config, split: str) -> Dataset:
    settings = cfg[f'{split}_dataloader'].dataset
    for _, node in iterate_dicts(settings):
        # Serialising collects garbage, for most of a second.
        node.update({'serialize_data': False} if 'pipeline' in node else {})
    with DATASETS.switch_scope_and_registry(cfg.default_scope):
        dataset = DATASETS.build(settings)
    guard_images(dataset)
    return dataset


def samples(dataset: Dataset) -> list[torch.Tensor]:
    """What the model would be given of the first images, with the same random numbers each time."""
    set_random_seed(0)
    inputs = [dataset[index]['inputs'] for index in range(min(len(dataset), 3))]
    return [view for sample in inputs for view in (sample if isinstance(sample, list) else [sample])]


@pytest.mark.parametrize('task', TASKS)
def test_deep_images_are_those_of_their_range(task: str, tmp_path: Path) -> None:
    settings = images_of(task, tmp_path / 'data')
    flatten(tmp_path / 'data')
    plain = loaded(task, settings)
    splits = [split for split in ('train', 'val', 'test') if plain.get(f'{split}_dataloader')]
    expected = {split: samples(built(plain, split)) for split in splits}
    deepen(tmp_path / 'data')
    measured = loaded(task, settings | {'value_range': 'dataset'})
    complete_value_range(measured)
    low, high = measured.value_range
    assert 0 <= low < high <= 65535 and low % 257 == high % 257 == 0
    stated = loaded(task, settings | {'value_range': [0, 65535]})
    for split in splits:
        dataset = built(stated, split)
        look_ahead(dataset)
        found = samples(dataset)
        assert len(found) == len(expected[split])
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected[split], strict=True))
        without = built(plain, split)
        for read in (samples, look_ahead):
            with pytest.raises(DataError, match='has unsigned pixels of 16 bits.*value_range'):
                read(without)


@pytest.mark.parametrize('name', sorted(list_configs()))
def test_every_config_reads_with_one_reader(name: str) -> None:
    """Which a range on the command line reaches in all its loaders, as far as they read files."""
    text = (CONFIGS / f'{name}.py').read_text()
    assert 'LoadImageFromFile' not in text and "'LoadImage'" not in text


@pytest.mark.parametrize('task', TASKS)
def test_the_shortcut_reaches_every_loader(task: str) -> None:
    cfg = load_config(TASKS[task], ['value_range=-1000,400'])
    check_shortcuts(cfg._cfg_dict)
    readers = [node for _, node in iterate_dicts(cfg._cfg_dict) if node.get('type') == 'cft.LoadImage']
    assert readers and all(node.value_range == [-1000, 400] for node in readers)
    loaders = [cfg[f'{split}_dataloader'] for split in ('train', 'val', 'test') if cfg.get(f'{split}_dataloader')]
    for loader in loaders:
        assert any(node.get('type') == 'cft.LoadImage' for _, node in iterate_dicts(loader))


def test_a_range_without_a_reader_is_an_error() -> None:
    """CIFAR's pixels are in memory, and the config does not know the name."""
    with pytest.raises(ConfigError, match='value_range'):
        load_config('ce/r50_cifar10', ['value_range=0,4095'])


def test_merged_by_mmengine_it_stops() -> None:
    cfg = Config.fromfile(CONFIGS / 'ce' / 'r50_folder.py')
    written = cfg.to_dict()
    cfg.merge_from_dict({'value_range': (0, 4095)})
    with pytest.raises(ConfigError, match='value_range=.* has no effect.*set .*value_range='):
        check_shortcuts(cfg._cfg_dict, written)


def test_measured_over_the_training_images_only(tmp_path: Path) -> None:
    for split, values in (('train', (300, 900)), ('val', (0, 60000))):
        for name in 'ab':
            (tmp_path / split / name).mkdir(parents=True)
            for index, value in enumerate(values):
                image = np.full((4, 4), value, np.uint16)
                cv2.imwrite(str(tmp_path / split / name / f'{index}.png'), image)
    cfg = load_config(
        'ce/r50_folder', {'data_root': str(tmp_path), 'value_range': 'dataset', 'normalization': 'dataset'}
    )
    complete_config(cfg)
    assert cfg.value_range == [300, 900]
    # Half of the pixels are black and half are white: the statistics are those of the pixels that training sees.
    assert cfg.model.data_preprocessor.mean == [127.5] * 3 and cfg.model.data_preprocessor.std == [127.5] * 3
    cfg.dump(tmp_path / 'dumped.py')
    assert list(load_config(tmp_path / 'dumped.py').test_dataloader.dataset.pipeline[0].value_range) == [300, 900]


@pytest.mark.parametrize(('value', 'dtype', 'reason'), [(7, np.uint8, 'have 8 bits'), (7, np.uint16, 'no value but 7')])
def test_nothing_to_measure(value: int, dtype: type, reason: str, tmp_path: Path) -> None:
    for name in 'ab':
        (tmp_path / name).mkdir()
        for index in range(2):
            cv2.imwrite(str(tmp_path / name / f'{index}.png'), np.full((4, 4), value, dtype))
    cfg = load_config('ce/r50_folder', {'data_root': str(tmp_path), 'value_range': 'dataset'})
    with pytest.raises(ConfigError, match=f'value_range=dataset.*{reason}'):
        complete_value_range(cfg)


def test_normalization_reads_what_training_reads(tmp_path: Path) -> None:
    """Transparent images over white, not with the colour beneath."""
    for name in 'ab':
        (tmp_path / name).mkdir()
        for index in range(2):
            cv2.imwrite(str(tmp_path / name / f'{index}.png'), np.zeros((4, 4, 4), np.uint8))
    cfg = load_config('ce/r50_folder', {'data_root': str(tmp_path), 'normalization': 'dataset'})
    complete_config(cfg)
    assert cfg.model.data_preprocessor.mean == [255] * 3
    assert (built(cfg, 'train')[0]['inputs'] == 255).all()


def test_looking_ahead_costs_no_more_with_more_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = images_of('classification', tmp_path)
    for index in range(200):
        (tmp_path / 'val' / 'a' / f'more{index}.png').write_bytes((tmp_path / 'val' / 'a' / '0.png').read_bytes())
    dataset = built(load_config('ce/r50_folder', settings), 'val')
    opened: list[str] = []
    monkeypatch.setattr(
        'builtins.open', lambda path, *args, read=open, **kw: opened.append(str(path)) or read(path, *args, **kw)
    )
    look_ahead(dataset)
    assert len([path for path in opened if path.endswith('.png')]) == 50
