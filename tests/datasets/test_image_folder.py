"""ImageFolder: flat and split folders, and the validation part made from training images."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from cft.datasets import ImageFolder
from tests.datasets.image_files import contents, fill, write


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    return fill(tmp_path, cat=20, bee=10, dog=5)


def test_flat_folder_is_divided(flat: Path) -> None:
    """Labels by sorted name; the held-out tenth of each class (at least one) and the rest: disjoint, complete."""
    train, val = contents(flat, 'train'), contents(flat, 'val')
    assert not set(train) & set(val)
    assert sorted(train + val) == sorted(
        (str(path.relative_to(flat)), ['bee', 'cat', 'dog'].index(path.parent.name)) for path in flat.rglob('*.png')
    )
    assert np.bincount([label for _, label in train]).tolist() == [9, 18, 4]
    assert np.bincount([label for _, label in val]).tolist() == [1, 2, 1]


def test_division_depends_on_fraction_and_seed_alone(flat: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Deterministic, also after the folder has moved; another fraction or seed is another division."""
    first = contents(flat, 'val', val_fraction=0.4)
    moved = tmp_path_factory.mktemp('moved') / 'elsewhere'
    shutil.copytree(flat, moved)
    assert contents(moved, 'val', val_fraction=0.4) == first
    assert np.bincount([label for _, label in first]).tolist() == [4, 8, 2]
    assert contents(flat, 'val', val_fraction=0.4, seed=1) != first


def test_split_folders_are_taken_whole(tmp_path: Path) -> None:
    """With train, val and test nothing is held out and nothing is mixed; labels follow the training classes."""
    sizes = {'train': {'a': 3, 'b': 2, 'c': 1}, 'val': {'c': 2, 'a': 1}, 'test': {'b': 4}}
    for split, classes in sizes.items():
        fill(tmp_path / split, **classes)
    for split, classes in sizes.items():
        expected = [(f'{split}/{c}/{c}_{i:02}.png', 'abc'.index(c)) for c in sorted(classes) for i in range(classes[c])]
        assert contents(tmp_path, split) == expected
        assert ImageFolder(str(tmp_path), split=split).metainfo['classes'] == ('a', 'b', 'c')


@pytest.mark.parametrize('train', ['train', 'training'])
@pytest.mark.parametrize('val', ['val', 'valid', 'validation'])
@pytest.mark.parametrize('test', ['test', 'testing'])
def test_usual_names_of_split_folders(tmp_path: Path, train: str, val: str, test: str) -> None:
    for folder, size in ((train, 3), (val, 1), (test, 2)):
        fill(tmp_path / folder, a=size)
    assert [len(contents(tmp_path, split)) for split in ('train', 'val', 'test')] == [3, 1, 2]


def test_train_and_test_folder_without_val(tmp_path: Path) -> None:
    """Validation images come from the training folder, never from the test folder."""
    fill(tmp_path / 'train', a=10, b=10)
    fill(tmp_path / 'test', a=2)
    train, val, test = (contents(tmp_path, split) for split in ('train', 'val', 'test'))
    assert (len(train), len(val), len(test)) == (18, 2, 2)
    assert {path.split('/')[0] for path, _ in train + val} == {'train'}
    assert {path.split('/')[0] for path, _ in test} == {'test'}


@pytest.mark.parametrize('split_folders', [False, True])
def test_no_test_folder_is_val_with_a_warning(
    tmp_path: Path, split_folders: bool, capsys: pytest.CaptureFixture
) -> None:
    """What is then reported as test has chosen the model: the log says so, and only then."""
    logger = MMLogger.get_instance(f'image_folder_{split_folders}')
    fill(tmp_path / 'train' if split_folders else tmp_path, a=10)
    if split_folders:
        fill(tmp_path / 'val', a=3)
    val = contents(tmp_path, 'val')
    assert 'no test folder' not in ''.join(capsys.readouterr())
    assert contents(tmp_path, 'test') == val
    output = ''.join(capsys.readouterr())
    assert 'no test folder' in output
    assert 'WARNING' in output
    assert 'validation' in output
    assert MMLogger.get_current_instance() is logger


def test_images_are_read(tmp_path: Path) -> None:
    """The path is one that the loading transform opens: the pixels of the file, with its label."""
    fill(tmp_path, a=2, b=2)
    pipeline = [{'type': 'mmpretrain.LoadImageFromFile'}, {'type': 'mmpretrain.PackInputs'}]
    sample = ImageFolder(str(tmp_path), val_fraction=0.5, pipeline=pipeline)[1]
    (path, label) = contents(tmp_path, 'train', val_fraction=0.5)[1]
    assert np.array_equal(sample['inputs'].permute(1, 2, 0).numpy(), cv2.imread(str(tmp_path / path)))
    assert sample['data_samples'].gt_label.item() == label == 1


def test_nested_images_and_every_extension(tmp_path: Path) -> None:
    """Images may lie deeper below their class; extensions in any case; other files are no images."""
    write(tmp_path / 'a', 'x.png', '2024/may/y.JPG', '2024/z.Tiff', 'w.jpeg')
    (tmp_path / 'a' / 'notes.txt').write_text('no image')
    (tmp_path / 'a' / 'folder.png').mkdir()
    (tmp_path / 'readme.md').write_text('no class')
    found = contents(tmp_path, 'train', val_fraction=0.01) + contents(tmp_path, 'val', val_fraction=0.01)
    assert sorted(path for path, _ in found) == ['a/2024/may/y.JPG', 'a/2024/z.Tiff', 'a/w.jpeg', 'a/x.png']


def test_hidden_files_and_folders_are_ignored(tmp_path: Path) -> None:
    """What notebooks and operating systems leave behind: no class, no image."""
    fill(tmp_path, a=2)
    write(tmp_path, '.ipynb_checkpoints/copy.png', 'a/.ipynb_checkpoints/copy.png', 'a/._a_00.png')
    (tmp_path / '.cache').mkdir()
    assert ImageFolder(str(tmp_path)).metainfo['classes'] == ('a',)
    found = contents(tmp_path, 'train') + contents(tmp_path, 'val')
    assert sorted(path for path, _ in found) == ['a/a_00.png', 'a/a_01.png']


def test_a_hidden_parent_is_no_reason_to_ignore(tmp_path: Path) -> None:
    """Only what lies below the class folder counts: a data set kept in ~/.cache works."""
    fill(tmp_path / '.cache', a=2)
    assert len(contents(tmp_path / '.cache', 'train')) == 1


def test_class_of_one_image_is_trained_on(tmp_path: Path) -> None:
    fill(tmp_path, a=1, b=10)
    assert [len(contents(tmp_path, split)) for split in ('train', 'val')] == [10, 1]


def test_capital_names_of_split_folders(tmp_path: Path) -> None:
    """``Train`` and ``Val`` are splits, not classes."""
    for split in ('Train', 'Val'):
        fill(tmp_path / split, cat=2, dog=2)
    train, val = ImageFolder(str(tmp_path), split='train'), ImageFolder(str(tmp_path), split='val')
    assert train.metainfo['classes'] == val.metainfo['classes'] == ('cat', 'dog')
    assert len(train) == len(val) == 4
