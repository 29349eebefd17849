"""SegmentationFolder: splits that stay, groups that are never parted, labels as the masks hold them."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image

from cft.datasets import image_listing
from cft.datasets.segmentation_folder import SegmentationFolder
from cft.errors import ConfigError
from tests.support.mask_folders import PALETTE, labels_of, usual, write_image, write_mask, write_pairs

CLASSES = dict(metainfo=dict(classes=['a', 'b', 'c']))
READ = [dict(type='LoadImageFromFile'), dict(type='cft.LoadSegmentation', num_classes=3)]


def names(root: Path, split: str, **options: object) -> list[str]:
    dataset = SegmentationFolder(str(root), split=split, serialize_data=False, **{**CLASSES, **options})
    return [str(Path(dataset.get_data_info(i)['img_path']).relative_to(root)) for i in range(len(dataset))]


def read(root: Path, split: str = 'train', num_classes: int = 3, **options: object) -> list[np.ndarray]:
    with DefaultScope.overwrite_default_scope('mmseg'):
        pipeline = [READ[0], dict(READ[1], num_classes=num_classes)]
        dataset = SegmentationFolder(str(root), split=split, pipeline=pipeline, **options)
        return [dataset[index]['gt_seg_map'] for index in range(len(dataset))]


@pytest.mark.parametrize('fraction', [0.1, 0.3])
def test_a_part_is_held_out(fraction: float, tmp_path: Path) -> None:
    usual(tmp_path, 20)
    train, val = (names(tmp_path, split, val_fraction=fraction) for split in ('train', 'val'))
    assert len(val) == round(20 * fraction) and not set(train) & set(val)
    assert sorted(train + val) == [f'images/{number:02}.png' for number in range(20)]


def test_the_part_does_not_depend_on_where_or_in_what_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual(tmp_path / 'a', 30)
    first = names(tmp_path / 'a', 'val')
    shutil.copytree(tmp_path / 'a', tmp_path / 'moved' / 'b')
    assert names(tmp_path / 'moved' / 'b', 'val') == first
    assert names(tmp_path / 'a', 'val', seed=1) != first
    walk = image_listing.os.walk

    def shuffled(*args: object, **kwargs: object) -> object:
        for where, folders, files in walk(*args, **kwargs):
            random.Random(3).shuffle(files)
            yield where, folders, files

    monkeypatch.setattr(image_listing.os, 'walk', shuffled)
    assert names(tmp_path / 'a', 'val') == first


def test_an_added_image_moves_one_other_at_most(tmp_path: Path) -> None:
    usual(tmp_path, 29)
    before = set(names(tmp_path, 'val'))
    for number in range(29, 40):
        write_pairs(tmp_path, (f'images/{number}.png', f'masks/{number}.png'))
        after = set(names(tmp_path, 'val'))
        assert len((before ^ after) - {f'images/{number}.png'}) <= 1
        before = after


@pytest.mark.parametrize('form', ['images/{g}/{i}.png masks/{g}/{i}.png', '{g}/images/{i}.png {g}/masks/{i}.png',
                                  '{g}/{i}.tif {g}/{i}_mask.tif'])  # fmt: skip
def test_groups_are_never_parted(form: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for group in range(8):
        for index in range(1 + group % 4):
            image, mask = form.format(g=f'patient{group}', i=index).split()
            write_pairs(tmp_path, (image, mask))
    train, val = names(tmp_path, 'train'), names(tmp_path, 'val')
    patients = [{part for name in split for part in Path(name).parts if 'patient' in part} for split in (train, val)]
    assert val and not patients[0] & patients[1] and len(patients[0] | patients[1]) == 8
    assert len(train) + len(val) == 20 and 1 <= len(val) <= 3
    output = ''.join(capsys.readouterr())
    assert f'{len(val)} of 20 images are held out for validation: the folders patient' in output and 'of 8' in output


def test_two_folders_are_told_to_be_few(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for folder in ('left', 'right'):
        write_pairs(tmp_path, *((f'images/{folder}/{i}.png', f'masks/{folder}/{i}.png') for i in range(6)))
    assert len(names(tmp_path, 'train')) == 6
    output = ''.join(capsys.readouterr())
    assert '6 of 12 images are held out for validation: the folders ' in output and 'more than 10%' in output


def test_one_folder_with_all_images_is_no_group(tmp_path: Path) -> None:
    write_pairs(tmp_path, *((f'images/all/{i}.png', f'masks/all/{i}.png') for i in range(10)))
    assert (len(names(tmp_path, 'train')), len(names(tmp_path, 'val'))) == (9, 1)


def test_splits_that_are_there_are_taken_whole(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for split, number in (('train', 4), ('val', 2), ('test', 3)):
        usual(tmp_path / split, number)
    assert [len(names(tmp_path, split)) for split in ('train', 'val', 'test')] == [4, 2, 3]
    output = ''.join(capsys.readouterr())
    assert 'held out' not in output and 'no test images' not in output


def test_no_test_images_is_val_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    usual(tmp_path, 10)
    assert names(tmp_path, 'test') == names(tmp_path, 'val')
    output = ''.join(capsys.readouterr())
    assert 'has no test images: what is reported as test is the validation split' in output and 'WARNING' in output


def test_train_and_test_folders_without_val(tmp_path: Path) -> None:
    usual(tmp_path / 'train', 10)
    usual(tmp_path / 'test', 2)
    train, val, test = (names(tmp_path, split) for split in ('train', 'val', 'test'))
    assert (len(train), len(val), len(test)) == (9, 1, 2)
    assert {name.split('/')[0] for name in train + val} == {'train'}


def test_one_image_cannot_be_divided(tmp_path: Path) -> None:
    usual(tmp_path, 1)
    with pytest.raises(ConfigError, match='has one image with a mask, so that none can be held out'):
        names(tmp_path, 'train')


@pytest.mark.parametrize('options', [{'split': 'trian'}, {'val_fraction': -0.1}, {'val_fraction': 1.0}])
def test_wrong_options(options: dict, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='must'):
        SegmentationFolder(str(usual(tmp_path, 2)), **options)


def test_labels_and_classes(tmp_path: Path) -> None:
    """Every pixel as it was written; classes and colours for the checkpoint and for pictures."""
    for seed in range(4):
        write_image(tmp_path / 'images' / f'{seed}.jpg', seed)
        write_mask(tmp_path / 'masks' / f'{seed}.png', labels_of(seed), PALETTE)
    dataset = SegmentationFolder(str(tmp_path))
    assert list(dataset.metainfo['classes']) == ['class_0', 'class_1', 'class_2']
    assert dataset.metainfo['palette'] == PALETTE[:3].tolist()
    found = {seed: labels for labels in read(tmp_path) for seed in range(4) if np.array_equal(labels, labels_of(seed))}
    assert len(found) == 3


def test_black_and_white(tmp_path: Path) -> None:
    """255 becomes class 1, and a metric sees it as one."""
    for seed in range(4):
        write_image(tmp_path / 'images' / f'{seed}.png', seed)
        write_mask(tmp_path / 'masks' / f'{seed}.png', labels_of(seed, 2) * np.uint8(255))
    found = read(tmp_path, num_classes=2)
    assert len(found) == 3 and all(set(np.unique(labels)) == {0, 1} for labels in found)
    assert all(any(np.array_equal(labels, labels_of(seed, 2)) for seed in range(4)) for labels in found)


def test_bilevel_png(tmp_path: Path) -> None:
    for seed in range(3):
        write_image(tmp_path / 'images' / f'{seed}.png', seed)
        (tmp_path / 'masks').mkdir(exist_ok=True)
        Image.fromarray(labels_of(seed, 2).astype(bool)).save(tmp_path / 'masks' / f'{seed}.png')
    assert all(set(np.unique(labels)) == {0, 1} for labels in read(tmp_path, num_classes=2))


def test_zero_as_no_class(tmp_path: Path) -> None:
    usual(tmp_path, 4, classes=4)
    found = read(tmp_path, reduce_zero_label=True)
    expected = [np.where(labels_of(seed, 4) == 0, 255, labels_of(seed, 4) - 1) for seed in range(4)]
    assert all(any(np.array_equal(labels, each) for each in expected) for labels in found)


def test_a_mask_of_another_size_stops_at_once(tmp_path: Path) -> None:
    usual(tmp_path, 4)
    write_mask(tmp_path / 'masks' / '02.png', labels_of(0, size=(8, 6)))
    with pytest.raises(ConfigError, match=r'02\.png is for an image of 6 x 8 pixels, .*02\.png has 8 x 6'):
        [names(tmp_path, split) for split in ('train', 'val')]


def test_masks_of_stored_pixels_are_turned_with_their_images(tmp_path: Path) -> None:
    """A camera's EXIF turns the image by 90 degrees; the mask was drawn on the pixels as they are stored."""
    for seed in range(3):
        write_mask(tmp_path / 'masks' / f'{seed}.png', labels_of(seed))
        exif = Image.Exif()
        exif[0x0112] = 6
        image = write_image(tmp_path / 'images' / f'{seed}.jpg', seed)
        with Image.open(image) as picture:
            picture.save(image, exif=exif)
    with DefaultScope.overwrite_default_scope('mmseg'):
        pipeline = [dict(type='cft.LoadImage'), READ[1]]
        dataset = SegmentationFolder(str(tmp_path), val_fraction=0.4, pipeline=pipeline)
    for index in range(len(dataset)):
        sample = dataset[index]
        seed = int(Path(sample['img_path']).stem)
        assert sample['img'].shape[:2] == sample['gt_seg_map'].shape == (8, 6)
        assert np.array_equal(sample['gt_seg_map'], np.rot90(labels_of(seed), -1))


def test_sixteen_bit_images(tmp_path: Path) -> None:
    """Their pixels are the image reader's; their masks are as ever."""
    usual(tmp_path, 3)
    for path in (tmp_path / 'images').iterdir():
        Image.fromarray(np.arange(48, dtype=np.uint16).reshape(6, 8) * 80).save(path)
    with DefaultScope.overwrite_default_scope('mmseg'):
        pipeline = [dict(type='cft.LoadImage', value_range=(0, 4000)), READ[1]]
        sample = SegmentationFolder(str(tmp_path), pipeline=pipeline)[0]
    assert sample['img'].shape == (6, 8, 3) and sample['gt_seg_map'].shape == (6, 8)
