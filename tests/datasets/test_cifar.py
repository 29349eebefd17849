"""CIFAR in the order of channels of all other images, from genuine files."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.datasets import CIFAR10, CIFAR100, CIFAR100Classes
from cft.errors import ConfigError
from cft.registry import MODELS
from tests.support.ssl_data_files import write_cifar

FILES = {CIFAR10: 'cifar-10-batches-py/data_batch_1', CIFAR100: 'cifar-100-python/train'}


def planes_of(path: Path) -> np.ndarray:
    """(N, 3, 32, 32): red, green and blue of each image, as the authors tell."""
    return pickle.loads(path.read_bytes())['data'].reshape(-1, 3, 32, 32)


@pytest.mark.parametrize('kind', FILES)
def test_blue_comes_first(kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_cifar(tmp_path / 'cifar', monkeypatch)
    red, green, blue = planes_of(root / FILES[kind])[2]
    image = kind(str(root), split='train', download=False).prepare_data(2)['img']
    assert image.flags.c_contiguous
    for channel, plane in zip(np.moveaxis(image, 2, 0), (blue, green, red), strict=True):
        np.testing.assert_array_equal(channel, plane)


def test_classes_of_few_shot_benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_cifar(tmp_path / 'cifar', monkeypatch, images=100)
    files = [planes_of(root / 'cifar-100-python' / name) for name in ('train', 'test')]
    dataset = CIFAR100Classes(str(root), 'cifar_fs/test')
    for sample in (dataset[index] for index in range(len(dataset))):
        place = CIFAR100.METAINFO['classes'].index(dataset.metainfo['classes'][sample['gt_label']])
        assert any(np.array_equal(np.moveaxis(sample['img'], 2, 0), planes[place][::-1]) for planes in files)


@pytest.mark.parametrize(
    'config',
    [
        'sce/r18_cifar10', 'ressl/r18_cifar100', 'mocov2/r18_cifar10_linear', 'hexa/r50_cifar100_linear',
        'ce/r50_cifar10', 'schane/r12_cifar_fs', 'sce/r18_stl10', 'mocov2/r18_stl10_linear', 'sce/r18_tinyimagenet',
        'ressl/r18_tinyimagenet_linear',
    ],
)  # fmt: skip
def test_the_network_sees_red_first(config: str) -> None:
    """An image that is red alone, as every data set gives it, and its normalised red plane before the others."""
    cfg = load_config(config)
    check_config(cfg)
    settings = cfg.model.get('data_preprocessor') or cfg.data_preprocessor
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        preprocessor = MODELS.build({'type': 'ClsDataPreprocessor', **settings})
    image = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    image[:, 2] = 255
    views = 'SelfSup' in settings.get('type', '')
    found = preprocessor({'inputs': [image] if views else image, 'data_samples': [] if views else None})['inputs']
    found = (found[0] if isinstance(found, list) else found)[0, :, 0, 0].tolist()
    mean, std = settings['mean'], settings['std']
    assert found == pytest.approx([(255 * (channel == 0) - mean[channel]) / std[channel] for channel in range(3)])


def test_red_first_is_refused() -> None:
    """In any split; and taken where the preprocessor leaves the channels alone."""
    for split in ('train', 'test'):
        cfg = load_config('ce/r50_cifar10', {f'{split}_dataloader.dataset.type': 'CIFAR10'})
        with pytest.raises(ConfigError, match=rf'{split}_dataloader.dataset.type: .* red first.*take cft.CIFAR10'):
            check_config(cfg)
    settings = {'train_dataloader.dataset.type': 'mmpretrain.CIFAR10', 'model.data_preprocessor.to_rgb': False}
    check_config(load_config('ce/r50_cifar10', settings))
