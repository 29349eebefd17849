"""Digits: its three splits, its pixels and its classes."""

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from cft.datasets import Digits, digits

SIZES = {'train': 1000, 'val': 297, 'test': 500}


@pytest.fixture(scope='module')
def splits() -> dict[str, Digits]:
    """All splits at the size of the source, so that pixels can be compared."""
    return {name: Digits(split=name, size=8) for name in SIZES}


def pixels(dataset: Digits) -> list[bytes]:
    return [dataset.get_data_info(index)['img'].tobytes() for index in range(len(dataset))]


def test_sizes(splits: dict[str, Digits]) -> None:
    assert {name: len(dataset) for name, dataset in splits.items()} == SIZES


def test_splits_are_disjoint_and_cover_all_images(splits: dict[str, Digits]) -> None:
    """Together they are scikit-learn's 1,797 pictures, each once, with its label."""
    images, labels = load_digits(return_X_y=True)
    grey = np.round(images.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.uint8).repeat(3, axis=3)
    source = sorted((image.tobytes(), int(label)) for image, label in zip(grey, labels, strict=True))
    found = sorted(
        pair for dataset in splits.values() for pair in zip(pixels(dataset), dataset.get_gt_labels(), strict=True)
    )
    assert len(found) == len(set(found)) == 1797
    assert found == source


def test_splits_are_mixed(splits: dict[str, Digits]) -> None:
    """Every class in every split, near its tenth: the file's order of writers is not the splits' order."""
    for name, dataset in splits.items():
        shares = np.bincount(dataset.get_gt_labels(), minlength=10) / SIZES[name]
        assert len(shares) == 10
        assert np.abs(shares - 0.1).max() < 0.04


def test_the_same_every_time(splits: dict[str, Digits]) -> None:
    """The global random state neither matters nor moves."""
    np.random.seed(123)
    state = np.random.get_state()[1].copy()
    assert pixels(Digits(split='val', size=8)) == pixels(splits['val'])
    assert np.array_equal(state, np.random.get_state()[1])


@pytest.mark.parametrize('size', [8, 16, 24])
def test_images_are_bytes_of_the_asked_size(splits: dict[str, Digits], size: int) -> None:
    """(size, size, 3) uint8, grey, using the range up to white; enlarged from the same digit."""
    dataset = Digits(split='val', size=size)
    for index in range(20):
        image = dataset[index]['img']
        assert (image.shape, image.dtype) == ((size, size, 3), np.uint8)
        assert (image == image[..., :1]).all()
        small = splits['val'][index]['img'][..., 0]
        assert np.array_equal(image[..., 0], cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC))
    assert max(dataset[index]['img'].max() for index in range(20)) == 255


def test_default_is_training_at_16_pixels() -> None:
    dataset = Digits()
    assert (len(dataset), dataset[0]['img'].shape) == (1000, (16, 16, 3))


def test_classes_and_pipeline() -> None:
    """Ten names in order of the labels; a pipeline makes a model's input of a sample."""
    dataset = Digits(split='test', pipeline=[{'type': 'mmpretrain.PackInputs'}])
    assert dataset.metainfo['classes'] == tuple('0123456789')
    sample = dataset[3]
    assert sample['inputs'].shape == (3, 16, 16)
    assert sample['data_samples'].gt_label.item() == dataset.get_gt_labels()[3]


@pytest.mark.parametrize('file', [digits.FILE, 'no/such/file.csv.gz'])
def test_read_as_scikit_learn_reads_them(file: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its file, and by its function where the file lies elsewhere."""
    monkeypatch.setattr(digits, 'FILE', file)
    for found, expected in zip(digits.read_digits.__wrapped__(), load_digits(return_X_y=True), strict=True):
        assert found.dtype == expected.dtype and np.array_equal(found, expected)


def test_what_is_kept_cannot_be_changed(splits: dict[str, Digits]) -> None:
    """What a transform gets is its own."""
    image = splits['val'].get_data_info(0)['img']
    image[:] = 7
    assert splits['val'].get_data_info(0)['img'].max() != 7
    with pytest.raises(ValueError, match='read-only'):
        digits.enlarged_digits(8)[0][:] = 7


def test_unknown_split_is_named() -> None:
    with pytest.raises(ValueError, match="'test', 'train', 'val'.*'valid'"):
        Digits(split='valid')
