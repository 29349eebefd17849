"""STL10: the same images and labels as torchvision's reader, read one by one, and what is wrong with the files."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torchvision
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmpretrain.datasets.transforms import PackInputs
from torch.utils.data import DataLoader

from cft.datasets import STL10, StratifiedSubset
from cft.errors import ConfigError
from tests.support.ssl_data_files import write_stl10


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_stl10(tmp_path)


@pytest.mark.parametrize('split', ['train', 'unlabeled', 'train+unlabeled', 'test'])
def test_equals_torchvision(root: Path, split: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pixels, order and labels; torchvision's channels are red, green, blue, and its missing label is -1."""
    monkeypatch.setattr(torchvision.datasets.STL10, '_check_integrity', lambda self: True)
    reference = torchvision.datasets.STL10(str(root), split=split)
    dataset = STL10(str(root), split=split)
    assert len(dataset) == len(reference) > 0
    for index, (image, label) in enumerate(reference):
        sample = dataset[index]
        assert (sample['img'].shape, sample['img'].dtype) == ((96, 96, 3), np.uint8)
        assert np.array_equal(sample['img'][..., ::-1], np.asarray(image))
        assert sample.get('gt_label', -1) == label
        assert sample['sample_idx'] == index
    assert dataset.metainfo['classes'] == tuple(reference.classes)


def test_built_by_name_and_loaded_by_workers(root: Path) -> None:
    """Every image once, with its own label, whichever process reads it."""
    dataset = MMENGINE_DATASETS.build(
        dict(type='cft.STL10', data_root=str(root), split='train', pipeline=[PackInputs()])
    )
    loaded = [sample for batch in DataLoader(dataset, 4, num_workers=2, collate_fn=list) for sample in batch]
    assert [sample['data_samples'].sample_idx for sample in loaded] == list(range(30))
    assert [int(sample['data_samples'].gt_label) for sample in loaded] == [index % 10 for index in range(30)]
    pixels = np.fromfile(root / 'stl10_binary' / 'train_X.bin', np.uint8).reshape(30, 3, 96, 96)
    for sample, columns in zip(loaded, pixels, strict=True):
        assert np.array_equal(sample['inputs'].numpy()[::-1], columns.transpose(0, 2, 1))


def test_images_stay_in_the_file(root: Path) -> None:
    """What a worker is sent does not grow with the pixels: 36 images have 995,328 bytes."""
    dataset = STL10(str(root), split='train+unlabeled')
    assert dataset[35]['img'].any()
    assert len(pickle.dumps(dataset)) < 20_000


def test_validation_part_is_held_out_of_training(root: Path) -> None:
    """One of the three images of each class, always the same ones; the unlabelled images all stay."""
    parts = {split: STL10(str(root), split=split, val_fraction=0.3) for split in ('train', 'val', 'train+unlabeled')}

    def places(split: str) -> list[tuple[str, int]]:
        infos = [parts[split].get_data_info(index) for index in range(len(parts[split]))]
        return [(Path(info['file']).stem, info['position']) for info in infos]

    everything = {('train_X', position) for position in range(30)}
    assert np.bincount(parts['val'].get_gt_labels()).tolist() == [1] * 10
    assert np.bincount(parts['train'].get_gt_labels()).tolist() == [2] * 10
    assert set(places('train')) | set(places('val')) == everything
    unlabelled = [('unlabeled_X', position) for position in range(6)]
    assert places('train+unlabeled') == places('train') + unlabelled
    assert STL10(str(root), split='val', val_fraction=0.3, seed=1).get_data_info(0) != parts['val'].get_data_info(0)
    assert len(STL10(str(root), split='train')) == 30


@pytest.mark.parametrize('split', ['unlabeled', 'train+unlabeled'])
def test_labels_of_unlabelled_images(root: Path, split: str) -> None:
    with pytest.raises(ConfigError, match='has images without labels'):
        StratifiedSubset(dict(type='cft.STL10', data_root=str(root), split=split), per_class=1)


@pytest.mark.parametrize('name', ['train_X', 'train_y', 'unlabeled_X'])
def test_missing_file_is_named_with_the_download(root: Path, name: str) -> None:
    (root / 'stl10_binary' / f'{name}.bin').unlink()
    with pytest.raises(ConfigError, match=rf'no file .*stl10_binary/{name}.bin; download http.*unpack it in'):
        STL10(str(root), split='train+unlabeled')


@pytest.mark.parametrize('size', [0, 1000, 6 * 27648 - 1])
def test_cut_off_images(root: Path, size: int) -> None:
    path = root / 'stl10_binary' / 'unlabeled_X.bin'
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ConfigError, match=rf'unlabeled_X.bin has {size} bytes, no whole number of images'):
        STL10(str(root), split='unlabeled')


@pytest.mark.parametrize('labels', [[1] * 29, [1] * 31, [1] * 29 + [0], [1] * 29 + [11]])
def test_labels_that_do_not_fit(root: Path, labels: list[int]) -> None:
    np.array(labels, np.uint8).tofile(root / 'stl10_binary' / 'train_y.bin')
    with pytest.raises(ConfigError, match='train_y.bin does not hold a label from 1 to 10 for each of 30 images'):
        STL10(str(root), split='train')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(split='valid'), "split must be one of .*'val', 'test'.*got 'valid'"),
        (dict(split='val'), "give 'train' and 'val' the same val_fraction"),
        (dict(split='train', val_fraction=1.0), r'val_fraction must lie in \[0, 1\), got 1.0'),
        (dict(split='train', val_fraction=-0.1), r'val_fraction must lie in \[0, 1\), got -0.1'),
    ],
)
def test_impossible_arguments(root: Path, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        STL10(str(root), **options)
