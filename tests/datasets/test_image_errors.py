"""Unreadable image files are named; whole ones come as mmcv reads them."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from torch.utils.data import DataLoader

from cft.datasets import ImageFolder, StratifiedSubset
from cft.datasets.image_errors import guard_images, read_image
from cft.errors import DataError
from tests.datasets.damaged_images import DAMAGES, damaged_image, pixels

PIPELINE = [dict(type='LoadImageFromFile')]


@pytest.mark.parametrize('damage', DAMAGES)
def test_every_damage_is_named(damage: str, tmp_path: Path) -> None:
    path, message = damaged_image(tmp_path, damage)
    with pytest.raises(DataError) as error:
        read_image(str(path))
    assert str(error.value).startswith(f'{path} {message}')


@pytest.mark.parametrize(
    'options', [{}, {'to_float32': True}, {'color_type': 'grayscale'}, {'imdecode_backend': 'pillow'}]
)
def test_whole_images_come_as_without_the_guard(options: dict, tmp_path: Path) -> None:
    for index in range(3):
        (tmp_path / 'a').mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / 'a' / f'{index}.jpg'), np.roll(pixels(), index, axis=0))
    guarded, plain = (ImageFolder(str(tmp_path), pipeline=[PIPELINE[0] | options]) for _ in range(2))
    guard_images(guarded)
    for index in range(len(plain)):
        ours, theirs = guarded[index], plain[index]
        assert ours.keys() == theirs.keys()
        assert ours['img'].dtype == theirs['img'].dtype and np.array_equal(ours['img'], theirs['img'])
        assert ours['img_shape'] == theirs['img_shape'] and ours['ori_shape'] == theirs['ori_shape']


def numbered_folder(root: Path, number: int = 6) -> Path:
    """Image i of class a is of the grey i, of class b of 100 + i."""
    for label, name in enumerate('ab'):
        (root / name).mkdir(parents=True)
        for index in range(number):
            cv2.imwrite(str(root / name / f'{index}.png'), np.full((4, 4, 3), 100 * label + index, np.uint8))
    return root


def greys(dataset) -> list[tuple[int, int]]:
    samples = [dataset[index] for index in range(len(dataset))]
    return [(int(sample['img'][0, 0, 0]), int(sample['gt_label'])) for sample in samples]


def all_training(root: Path) -> ImageFolder:
    (root / 'val').mkdir()
    (root / 'train').mkdir()
    for name in 'ab':
        (root / name).rename(root / 'train' / name)
    return ImageFolder(str(root), pipeline=PIPELINE)


def test_the_next_image_takes_the_place(tmp_path: Path) -> None:
    """With its own label; after the last comes the first."""
    dataset = all_training(numbered_folder(tmp_path, 3))
    files = [dataset.get_data_info(index)['img_path'] for index in range(6)]
    for index in (1, 2, 5):
        Path(files[index]).write_bytes(b'')
    (substitutes,) = guard_images(dataset, max_skipped=3)
    expected = [(0, 0), (100, 1), (100, 1), (100, 1), (101, 1), (0, 0)]
    assert greys(dataset) == expected and greys(dataset) == expected
    assert substitutes.files() == [files[1], files[2], files[5]]


def test_each_file_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    dataset = all_training(numbered_folder(tmp_path, 3))
    path = Path(dataset.get_data_info(4)['img_path'])
    path.write_bytes(b'')
    guard_images(dataset, max_skipped=1)
    for _ in range(3):
        greys(dataset)
    output = capsys.readouterr()
    assert (output.out + output.err).count(f'{path} is empty') == 1


def test_too_many(tmp_path: Path) -> None:
    dataset = all_training(numbered_folder(tmp_path, 3))
    for index in (0, 2, 4):
        Path(dataset.get_data_info(index)['img_path']).write_bytes(b'')
    guard_images(dataset, max_skipped=2)
    with pytest.raises(DataError, match=r'3 images cannot be read, more than max_skipped=2\. The last: .* is empty'):
        greys(dataset)


def test_nothing_can_be_read(tmp_path: Path) -> None:
    dataset = all_training(numbered_folder(tmp_path, 1))
    for index in range(2):
        Path(dataset.get_data_info(index)['img_path']).write_bytes(b'')
    guard_images(dataset, max_skipped=100)
    with pytest.raises(DataError, match='none of the 2 images'):
        dataset[0]


def test_substitutes_stay_in_the_split(tmp_path: Path) -> None:
    """Images held out for validation never stand in for training images."""
    inner = dict(type='cft.ImageFolder', data_root=str(numbered_folder(tmp_path)), val_fraction=0.2, pipeline=PIPELINE)
    subset = StratifiedSubset(inner, per_class=2, seed=3)
    allowed = {subset[index]['img_path'] for index in range(4)}
    Path(subset[1]['img_path']).write_bytes(b'')
    (substitutes,) = guard_images(subset, max_skipped=1)
    shown = {subset[index]['img_path'] for index in range(4)}
    assert len(substitutes.files()) == 1 and shown == allowed - set(substitutes.files())


def test_worker_processes_share_what_they_find(tmp_path: Path) -> None:
    """The main process knows the files; the samples are those of a single process."""
    dataset = all_training(numbered_folder(tmp_path))
    for index in (2, 7):
        Path(dataset.get_data_info(index)['img_path']).write_bytes(b'')
    (substitutes,) = guard_images(dataset, max_skipped=2)
    loader = DataLoader(dataset, batch_size=2, num_workers=2, collate_fn=lambda batch: [s['gt_label'] for s in batch])
    seen = [label for batch in loader for label in batch]
    assert len(substitutes.files()) == 2 and seen == [0] * 6 + [1] * 6


@pytest.mark.parametrize('load', [LoadImageFromFile(ignore_empty=True), lambda results: results])
def test_pipelines_with_rules_of_their_own_are_left_alone(load: object, tmp_path: Path) -> None:
    dataset = ImageFolder(str(numbered_folder(tmp_path)), pipeline=[])
    dataset.pipeline.transforms = [load]
    guard_images(dataset)
    assert dataset.pipeline.transforms == [load]


def test_guarded_data_sets_reach_spawned_workers(tmp_path: Path) -> None:
    dataset = ImageFolder(str(numbered_folder(tmp_path)), pipeline=PIPELINE)
    guard_images(dataset)
    assert pickle.loads(pickle.dumps(dataset))[0]['img'].shape == (4, 4, 3)
