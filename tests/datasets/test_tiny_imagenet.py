"""TinyImageNet: labels of both splits, and what is wrong with the folder."""

import shutil
from pathlib import Path

import pytest
from mmpretrain.datasets.transforms import PackInputs

from cft.datasets import TinyImageNet
from cft.errors import ConfigError
from tests.support.ssl_data_files import write_tiny_imagenet

CLASSES = ('n01443537', 'n01629819', 'n09256479')


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tiny_imagenet(tmp_path / 'tiny-imagenet-200', CLASSES)


def contents(root: Path, split: str) -> list[tuple[str, int]]:
    dataset = TinyImageNet(str(root), split=split)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [(str(Path(info['img_path']).relative_to(root)), info['gt_label']) for info in infos]


def test_training_images(root: Path) -> None:
    expected = [
        (f'train/{name}/images/{name}_{number}.JPEG', label)
        for label, name in enumerate(CLASSES)
        for number in range(2)
    ]
    assert contents(root, 'train') == expected
    assert TinyImageNet(str(root), split='train').metainfo['classes'] == CLASSES


def test_validation_images_follow_the_table(root: Path) -> None:
    """The files of the helper have the classes in reverse order, twice."""
    assert contents(root, 'val') == [(f'val/images/val_{i}.JPEG', [2, 1, 0][i % 3]) for i in range(6)]


def test_samples_are_numbered(root: Path) -> None:
    dataset = TinyImageNet(str(root), split='val', pipeline=[dict(type='LoadImageFromFile'), PackInputs()])
    samples = [dataset[index] for index in range(len(dataset))]
    assert [sample['data_samples'].sample_idx for sample in samples] == list(range(6))
    assert {tuple(sample['inputs'].shape) for sample in samples} == {(3, 64, 64)}


@pytest.mark.parametrize('split', ['train', 'val'])
def test_missing_folder_is_named_with_the_download(root: Path, split: str) -> None:
    with pytest.raises(ConfigError, match=r'no folder .*nowhere/train; download http.*tiny-imagenet-200.zip'):
        TinyImageNet(str(root / 'nowhere'), split=split)


def test_test_images_have_no_labels(root: Path) -> None:
    with pytest.raises(ConfigError, match="reported on split='val'"):
        TinyImageNet(str(root), split='test')


def test_unknown_split(root: Path) -> None:
    with pytest.raises(ConfigError, match="must be 'train' or 'val', got 'valid'"):
        TinyImageNet(str(root), split='valid')


def test_class_without_images(root: Path) -> None:
    shutil.rmtree(root / 'train' / CLASSES[1] / 'images')
    with pytest.raises(ConfigError, match=rf'{CLASSES[1]}/images holds no image'):
        TinyImageNet(str(root), split='train')


def test_validation_folder_that_was_changed(root: Path) -> None:
    """Many people sort the validation images into class folders and drop the table."""
    (root / 'val' / 'val_annotations.txt').unlink()
    with pytest.raises(ConfigError, match='no file .*val_annotations.txt.*leave its val folder as it is'):
        TinyImageNet(str(root), split='val')


def test_missing_validation_images(root: Path) -> None:
    for number in (1, 4):
        (root / 'val' / 'images' / f'val_{number}.JPEG').unlink()
    with pytest.raises(ConfigError, match=r'2 of 6 images of .*val_annotations.txt are missing: .*val_1.JPEG'):
        TinyImageNet(str(root), split='val')


@pytest.mark.parametrize(
    'line', ['val_9.JPEG n01443537 0 32 44 62', 'val_9.JPEG\tn99999999\t0\t32\t44\t62', 'val_9.JPEG\tn01443537']
)
def test_table_that_cannot_be_read(root: Path, line: str) -> None:
    table = root / 'val' / 'val_annotations.txt'
    table.write_text(f'{table.read_text()}{line}\n')
    with pytest.raises(ConfigError, match=r'val_annotations.txt, line 7: no image, known class and box in'):
        TinyImageNet(str(root), split='val')


def test_table_with_windows_line_ends_and_a_blank_line(root: Path) -> None:
    table = root / 'val' / 'val_annotations.txt'
    expected = TinyImageNet(str(root), split='val').get_gt_labels()
    table.write_bytes(b'\xef\xbb\xbf' + table.read_bytes().replace(b'\n', b'\r\n') + b'\r\n')
    assert (TinyImageNet(str(root), split='val').get_gt_labels() == expected).all()


def test_empty_table(root: Path) -> None:
    (root / 'val' / 'val_annotations.txt').write_text('')
    with pytest.raises(ConfigError, match='val_annotations.txt is empty'):
        TinyImageNet(str(root), split='val')
