"""Data of self-supervised pre-training and its linear probe: a first batch of each from small genuine files."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from tests.support.digits_runs import CONFIGS
from tests.support.ssl_data_files import write_cifar, write_imagenet, write_jpeg, write_stl10, write_tiny_imagenet

FOLDER = CONFIGS / '_base_' / 'datasets'
ROOTS = {
    'imagenet': 'data/imagenet',
    'imagenet100': 'data/imagenet',
    'cifar10': 'data/cifar10',
    'cifar100': 'data/cifar100',
    'stl10': 'data/stl10',
    'tinyimagenet': 'data/tiny-imagenet-200',
    'unlabelled': 'data/images',
}
# Sides of the views in order, and images of each GPU.
VIEWS = {
    'imagenet_ssl': ([224] * 2, 64),
    'imagenet100_ssl': ([224] * 2, 64),
    'cifar10_ssl': ([32] * 2, 256),
    'cifar100_ssl': ([32] * 2, 256),
    'stl10_ssl': ([64] * 2, 256),
    'tinyimagenet_ssl': ([64] * 2, 256),
    'imagenet_multicrop_ssl': ([224, 224, 192, 160, 128, 96], 256),
    'imagenet_2crop': ([224] * 2, 64),
    'imagenet_8crop': ([224] * 2 + [96] * 6, 64),
    'imagenet_6crop': ([160] * 2 + [96] * 4, 64),
    'unlabelled': ([224] * 2, 64),
    'unlabelled_multicrop': ([224, 224, 192, 160, 128, 96], 64),
    'unlabelled_2crop': ([224] * 2, 64),
    'unlabelled_8crop': ([224] * 2 + [96] * 6, 64),
}
# Side of the images, images of each GPU, type and split of what is reported.
LINEAR = {
    'imagenet_linear': (224, 32, 'ImageNet', 'val'),
    'imagenet100_linear': (224, 32, 'cft.ImageNetSubset', 'val'),
    'cifar10_linear': (32, 256, 'cft.CIFAR10', 'test'),
    'cifar100_linear': (32, 256, 'cft.CIFAR100', 'test'),
    'stl10_linear': (64, 256, 'cft.STL10', 'test'),
    'tinyimagenet_linear': (64, 256, 'cft.TinyImageNet', 'val'),
}


@pytest.fixture(scope='module')
def imagenet_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_imagenet(tmp_path_factory.mktemp('imagenet'))


@pytest.fixture
def small_files(imagenet_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes the small files of a data set and returns their folder."""

    def write(data: str) -> Path:
        if data in ('imagenet', 'imagenet100'):
            return imagenet_root
        if data == 'unlabelled':
            for seed in range(6):
                write_jpeg(tmp_path / 'photos' / f'{seed % 2}' / f'{seed}.jpg', seed=seed)
            return tmp_path / 'photos'
        if data in ('cifar10', 'cifar100'):
            return write_cifar(tmp_path / 'cifar', monkeypatch)
        return (write_stl10 if data == 'stl10' else write_tiny_imagenet)(tmp_path / data)

    return write


def load(name: str, tmp_path: Path, **overrides: object) -> Config:
    """The config of the data as another config uses it, through ``_base_``."""
    path = tmp_path / 'uses_it.py'
    path.write_text(f'_base_ = [{str(FOLDER / name)!r} + ".py", {str(CONFIGS / "_base_" / "default_runtime.py")!r}]\n')
    return load_config(path, {key.replace('__', '.'): value for key, value in overrides.items()})


def build(cfg: Config, split: str) -> DataLoader:
    check_config(cfg)
    loader = cfg[f'{split}_dataloader']
    loader.update(batch_size=4, num_workers=0, persistent_workers=False)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return Runner.build_dataloader(loader, seed=0)


def test_no_config_is_forgotten() -> None:
    found = {
        path.stem
        for pattern in ('*_ssl.py', '*_linear.py', '*crop.py', 'unlabelled.py')
        for path in FOLDER.glob(pattern)
    }
    assert found == VIEWS.keys() | LINEAR.keys()


@pytest.mark.parametrize('name', VIEWS)
def test_views_of_a_first_batch(name: str, tmp_path: Path, small_files: Callable[[str], Path]) -> None:
    """Number, order, size and type of the views, and the number of each image, which clustering keeps."""
    data = name.split('_')[0]
    loader = build(load(name, tmp_path, data_root=str(small_files(data))), 'train')
    batch = next(iter(loader))
    assert [tuple(view.shape) for view in batch['inputs']] == [(4, 3, side, side) for side in VIEWS[name][0]]
    assert {view.dtype for view in batch['inputs']} == {torch.uint8}
    assert all(view.float().std() > 5 for view in batch['inputs'])
    numbers = [sample.sample_idx for sample in batch['data_samples']]
    assert len(set(numbers)) == 4 and all(0 <= number < len(loader.dataset) for number in numbers)
    # A last, smaller batch would give BatchNorm and the queue fewer images.
    assert loader.drop_last


@pytest.mark.parametrize('name', VIEWS)
def test_settings_of_pre_training(name: str, tmp_path: Path) -> None:
    cfg = load(name, tmp_path)
    loader = cfg.train_dataloader
    assert loader.dataset.data_root == ROOTS[name.split('_')[0]]
    assert loader.batch_size == VIEWS[name][1]
    assert loader.sampler.shuffle and loader.drop_last and loader.collate_fn.type == 'default_collate'
    views = next(step for step in loader.dataset.pipeline if step.type.endswith('MultiView'))
    if name.endswith(('_ssl', 'unlabelled')) and 'multicrop' not in name:
        # Other configs reach the distributions by these names; the first view is the online encoder's.
        assert views.transforms == [cfg.strong_transforms, cfg.weak_transforms]
        assert [transforms[0].distribution for transforms in views.transforms] == ['strong', 'weak']
        assert {transforms[0].get('crop_ratio_range') for transforms in views.transforms} == {None}
    assert 'val_dataloader' not in cfg and 'test_dataloader' not in cfg


def crops_of(name: str, tmp_path: Path) -> list[tuple]:
    views = next(
        step for step in load(name, tmp_path).train_dataloader.dataset.pipeline if step.type.endswith('MultiView')
    )
    numbers = [views.num_views] if isinstance(views.num_views, int) else views.num_views
    return [
        (number, step.distribution, step.size, tuple(step.get('crop_ratio_range', (0.2, 1.0))))
        for number, (step,) in zip(numbers, views.transforms, strict=True)
    ]


@pytest.mark.parametrize('name', ['imagenet_multicrop_ssl', 'unlabelled_multicrop'])
def test_multi_crop_of_sce(name: str, tmp_path: Path) -> None:
    """Section 4.3 of the paper."""
    assert crops_of(name, tmp_path) == [
        (1, 'strong-alpha', 224, (0.2, 1.0)),
        (1, 'strong-beta', 224, (0.2, 1.0)),
        (1, 'strong-gamma', 192, (0.172, 0.86)),
        (1, 'strong-gamma', 160, (0.143, 0.715)),
        (1, 'strong-gamma', 128, (0.114, 0.571)),
        (1, 'strong-gamma', 96, (0.086, 0.429)),
    ]


def test_crops_of_deepcluster(tmp_path: Path) -> None:
    """deepclusterv2_400ep_2x224_pretrain.sh and deepclusterv2_800ep_pretrain.sh of the released code."""
    small = (6, 'swav', 96, (0.05, 0.14))
    for data in ('imagenet', 'unlabelled'):
        assert crops_of(f'{data}_2crop', tmp_path) == [(2, 'swav', 224, (0.08, 1.0))]
        assert crops_of(f'{data}_8crop', tmp_path) == [(2, 'swav', 224, (0.14, 1.0)), small]
    # deepclusterv2_400ep_pretrain.sh
    assert crops_of('imagenet_6crop', tmp_path) == [(2, 'swav', 160, (0.08, 1.0)), (4, *small[1:])]


def test_stl10_is_pre_trained_on_unlabelled_images(tmp_path: Path, small_files: Callable[[str], Path]) -> None:
    loader = build(load('stl10_ssl', tmp_path, data_root=str(small_files('stl10'))), 'train')
    assert len(loader.dataset) == 6


@pytest.mark.parametrize('name', LINEAR)
def test_first_batches_of_the_linear_probe(name: str, tmp_path: Path, small_files: Callable[[str], Path]) -> None:
    cfg = load(name, tmp_path, data_root=str(small_files(name.split('_')[0])))
    side = LINEAR[name][0]
    batches = {}
    for split in ('train', 'test'):
        loader = build(cfg, split)
        batches[split] = next(iter(loader))
        assert tuple(torch.stack(list(batches[split]['inputs'])).shape) == (4, 3, side, side)
        labels = [int(sample.gt_label) for sample in batches[split]['data_samples']]
        assert all(0 <= label < len(loader.dataset.metainfo['classes']) for label in labels)
    # Test images come in their order, unchanged by chance.
    again = next(iter(build(cfg, 'test')))
    assert torch.equal(torch.stack(list(again['inputs'])), torch.stack(list(batches['test']['inputs'])))
    assert [sample.sample_idx for sample in again['data_samples']] == [0, 1, 2, 3]


@pytest.mark.parametrize('name', LINEAR)
def test_settings_of_the_linear_probe(name: str, tmp_path: Path) -> None:
    """Validation images give the curve of HEXA's figure 3b, and nothing can choose a checkpoint on what is reported."""
    cfg = load(name, tmp_path)
    side, batch_size, kind, split = LINEAR[name]
    assert cfg.train_dataloader.dataset.split == 'train' and cfg.train_dataloader.batch_size == batch_size
    assert (cfg.test_dataloader.dataset.type, cfg.test_dataloader.dataset.split) == (kind, split)
    roots = {cfg[f'{part}_dataloader'].dataset.data_root for part in ('train', 'test')}
    assert roots == {ROOTS[name.split('_')[0]]}
    assert (cfg.test_evaluator.type, tuple(cfg.test_evaluator.topk)) == ('Accuracy', (1, 5))
    assert cfg.get('val_dataloader') == (cfg.test_dataloader if split == 'val' else None)
    assert cfg.get('val_evaluator') == (cfg.test_evaluator if split == 'val' else None)
    assert 'save_best' not in cfg.default_hooks.checkpoint
    crop = next(step for step in cfg.train_dataloader.dataset.pipeline if step.type.startswith('Random'))
    if name.startswith('cifar'):
        # LinearClassifierSmallTrainTransform of SCE's released code.
        assert (crop.type, crop.crop_size, crop.padding) == ('RandomCrop', side, 4)
    else:
        assert (crop.type, crop.scale) == ('RandomResizedCrop', side)
