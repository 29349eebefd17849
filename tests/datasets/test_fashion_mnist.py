"""Fashion-MNIST: files in the genuine idx format, compressed or not, and its three splits."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from cft.datasets import FashionMNIST
from cft.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty training images and ten test images; pixel (0, 0) holds the label, (0, 1) the number in the file."""
    for name, count in (('train', 40), ('t10k', 10)):
        labels = np.arange(count, dtype=np.uint8) % 10
        images = np.zeros((count, 28, 28), np.uint8)
        images[:, 0, 0], images[:, 0, 1] = labels, np.arange(count)
        content = struct.pack('>IIII', 0x803, count, 28, 28) + images.tobytes()
        (tmp_path / f'{name}-images-idx3-ubyte.gz').write_bytes(gzip.compress(content))
        # One of the two without compression, as after unpacking.
        (tmp_path / f'{name}-labels-idx1-ubyte').write_bytes(struct.pack('>II', 0x801, count) + labels.tobytes())
    return tmp_path


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
