"""Fashion-MNIST: files in the genuine idx format, compressed or not, and its three splits."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from cft.datasets import FashionMNIST
from cft.errors import ConfigError
from tests.support.fashion_files import write_fashion_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_fashion_files(tmp_path)


def numbers(dataset: FashionMNIST) -> list[int]:
    samples = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert all(
        sample['img'].shape == (28, 28, 3) and sample['img'][0, 0, 2] == sample['gt_label'] for sample in samples
    )
    return [int(sample['img'][0, 1, 0]) for sample in samples]


def test_splits_do_not_share_images(folder: Path) -> None:
    train, val = (FashionMNIST(str(folder), split, val_per_class=1) for split in ('train', 'val'))
    assert sorted(numbers(train) + numbers(val)) == list(range(40))
    assert sorted(val.get_gt_labels()) == list(range(10))
    assert numbers(FashionMNIST(str(folder), 'test')) == list(range(10))


def test_a_few_of_each_class(folder: Path) -> None:
    few = FashionMNIST(str(folder), train_per_class=2, val_per_class=1)
    assert np.bincount(few.get_gt_labels()).tolist() == [2] * 10
    assert set(numbers(few)).isdisjoint(numbers(FashionMNIST(str(folder), 'val', val_per_class=1)))
    assert numbers(few) == numbers(FashionMNIST(str(folder), train_per_class=2, val_per_class=1))


def test_missing_files_and_unknown_splits(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ConfigError, match='dataset-fashion-mnist'):
        FashionMNIST(str(tmp_path_factory.mktemp('empty')))
    with pytest.raises(ConfigError, match='split must be one of'):
        FashionMNIST(str(folder), 'valid')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (gzip.compress(bytes(200_000_000), 1), 'no complete file of Fashion-MNIST'),
        (gzip.compress(b'text'), 'no complete file of Fashion-MNIST'),
        (gzip.compress(bytes(1000))[:-9], 'is damaged'),
        (b'text', 'is damaged'),
    ],
    ids=['unpacks to 200 MB', 'text', 'torn', 'not compressed'],
)
def test_damaged_files(folder: Path, content: bytes, message: str) -> None:
    (folder / 'train-images-idx3-ubyte.gz').write_bytes(content)
    with pytest.raises(
        ConfigError, match=f'train-images-idx3-ubyte.gz {message if message[:2] == "is" else "is " + message}'
    ):
        FashionMNIST(str(folder))
