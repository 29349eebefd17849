"""VOCSegmentation and LoadSegmentation: masks of real PNG files; what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmseg.registry import DATASETS
from PIL import Image

from cft.datasets.transforms.load_segmentation import LoadSegmentation
from cft.errors import ConfigError
from tests.datasets.voc_folder import write_image, write_list

LABELS = np.array([[0, 1, 2, 255], [2, 2, 0, 1], [255, 0, 0, 1]], np.uint8)


def write_mask(path: Path, labels: np.ndarray = LABELS, palette: bool = True) -> None:
    """As VOC keeps it: indices of colours that have nothing to do with their numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(labels)
    if palette:
        picture = picture.convert('P')
        picture.putpalette(np.random.default_rng(0).integers(0, 256, 768, dtype=np.uint8).tobytes())
    picture.save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ('a', 'b'):
        write_image(tmp_path / 'JPEGImages' / f'{name}.jpg', size=(4, 3))
        write_mask(tmp_path / 'SegmentationClass' / f'{name}.png')
    write_list(tmp_path / 'train.txt', 'a', 'b')
    return tmp_path


def build(folder: Path, num_classes: int = 3, transforms: tuple = (), **options: object):
    settings = {
        'type': 'cft.VOCSegmentation',
        'data_root': str(folder),
        'ann_file': 'train.txt',
        'data_prefix': {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'},
        'metainfo': {'classes': ('none', 'x', 'y')},
        'pipeline': [
            {'type': 'LoadImageFromFile'},
            *transforms,
            {'type': 'cft.LoadSegmentation', 'num_classes': num_classes},
        ],
    }
    with DefaultScope.overwrite_default_scope('mmseg'):
        return DATASETS.build(settings | options)


@pytest.mark.parametrize('palette', [True, False])
def test_labels_are_indices(folder: Path, palette: bool) -> None:
    """Not the palette's colours; 255 stays."""
    write_mask(folder / 'SegmentationClass/b.png', palette=palette)
    sample = build(folder)[1]
    assert np.array_equal(sample['gt_seg_map'], LABELS)
    assert sample['img'].shape == (3, 4, 3)
    assert Path(sample['img_path']) == folder / 'JPEGImages/b.jpg'


def test_mask_of_an_image_resized_before(folder: Path) -> None:
    """The mask then still is that of the original image."""
    resize = {'type': 'Resize', 'scale': (8, 6), 'keep_ratio': False}
    sample = build(folder, transforms=(resize,))[0]
    assert sample['img'].shape == (6, 8, 3)
    assert np.array_equal(sample['gt_seg_map'], LABELS)


def test_all_classes_and_none(folder: Path) -> None:
    """The largest label that num_classes allows, and a mask without any label."""
    write_mask(folder / 'SegmentationClass/b.png', np.full((3, 4), 255, np.uint8))
    assert (build(folder)[1]['gt_seg_map'] == 255).all()
    with pytest.raises(ConfigError, match=r'a\.png has the labels \[2\]; valid are 0 to 1, and 255'):
        _ = build(folder, num_classes=2)[0]


def test_vocs_classes_are_the_default(folder: Path) -> None:
    assert len(build(folder, metainfo=None).metainfo['classes']) == 21


@pytest.mark.parametrize(('file', 'what'), [('JPEGImages/b.jpg', 'images'), ('SegmentationClass/b.png', 'masks')])
def test_missing_file_is_named(folder: Path, file: str, what: str) -> None:
    """Before training, with the number of them all."""
    (folder / file).unlink()
    with pytest.raises(ConfigError, match=rf'^1 of 2 {what} named in .*train\.txt are missing: .*{file}$'):
        build(folder)


def test_many_missing_files(folder: Path) -> None:
    """The first three stand for all."""
    write_list(folder / 'train.txt', 'a', *(f'absent{number}' for number in range(5)))
    with pytest.raises(ConfigError, match=r'^5 of 6 images .*absent0\.jpg, .*absent1\.jpg, .*absent2\.jpg, \.\.\.$'):
        build(folder)


def test_missing_and_empty_list(folder: Path) -> None:
    (folder / 'train.txt').write_text('')
    with pytest.raises(ConfigError, match=r'the list .*train\.txt names no image'):
        build(folder)
    (folder / 'train.txt').unlink()
    with pytest.raises(
        ConfigError, match=r'no list of images .*train\.txt; prepare the data.*benchmark\.tgz.*prepare_voc'
    ):
        build(folder)


@pytest.mark.parametrize('kind', ['text', 'truncated', 'empty'])
def test_unreadable_mask_is_named(folder: Path, kind: str) -> None:
    mask = folder / 'SegmentationClass/b.png'
    whole = mask.read_bytes()
    mask.write_bytes({'text': b'no picture', 'truncated': whole[: len(whole) - 30], 'empty': b''}[kind])
    dataset = build(folder)
    with pytest.raises(ConfigError, match=r'SegmentationClass/b\.png is no readable mask .*repair it or leave it out'):
        _ = dataset[1]


@pytest.mark.parametrize('channels', [3, 4])
def test_coloured_mask_is_named(folder: Path, channels: int) -> None:
    write_mask(folder / 'SegmentationClass/b.png', np.zeros((3, 4, channels), np.uint8), palette=False)
    with pytest.raises(ConfigError, match=rf'b\.png has {channels} channels; a mask has one, of class indices'):
        _ = build(folder)[1]


def test_mask_of_another_size_is_named(folder: Path) -> None:
    """Also a turned one of as many pixels."""
    write_mask(folder / 'SegmentationClass/b.png', LABELS.T.copy())
    with pytest.raises(ConfigError, match=r'b\.png is for an image of 3 x 4 pixels, .*b\.jpg has 4 x 3; give'):
        build(folder)
    sample = {'seg_map_path': str(folder / 'SegmentationClass/b.png'), 'ori_shape': (3, 4), 'seg_fields': []}
    with pytest.raises(ConfigError, match=r'b\.png is 3 x 4 pixels, its image 4 x 3 pixels'):
        LoadSegmentation(num_classes=3)(sample)


def test_labels_out_of_range_are_named(folder: Path) -> None:
    """All of them, sorted; a coloured mask made grey has such."""
    labels = LABELS.copy()
    labels[0, :2] = 76, 29
    write_mask(folder / 'SegmentationClass/b.png', labels)
    with pytest.raises(ConfigError, match=r'b\.png has the labels \[29, 76\]; valid are 0 to 2.*mask coloured\?'):
        _ = build(folder)[1]


def test_labels_of_sixteen_bits_are_named(folder: Path) -> None:
    """256 is no label 0, and 257 no label 1."""
    labels = LABELS.astype(np.uint16)
    labels[0, :2] = 256, 257
    write_mask(folder / 'SegmentationClass/b.png', labels, palette=False)
    with pytest.raises(ConfigError, match=r'b\.png'):
        _ = build(folder)[1]
