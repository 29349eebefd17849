"""Masks as tools write them: turned, of few bits, with palettes of their own."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from PIL import Image

from cft.datasets.masks import Palettes, read_mask
from cft.datasets.transforms.load_segmentation import LoadSegmentation
from cft.datasets.voc_segmentation import VOCSegmentation
from cft.errors import ConfigError
from tests.datasets.test_orientation import UNTOLD, write_turned
from tests.datasets.voc_folder import write_list

RED, GREEN, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 0)


def write_pair(root: Path, orientation: int, size: tuple = (96, 64), shown: bool = False, own: int = 1) -> None:
    """An image that EXIF turns, and a mask of its bright pixels, of the stored image or of the shown one."""
    pixels, mask = np.full((size[1], size[0], 3), 40, np.uint8), np.zeros(size[::-1], np.uint8)
    pixels[2:20, 4:28], mask[2:20, 4:28] = 250, 1
    path = write_turned(root / 'JPEGImages/a.jpg', orientation, pixels)
    if shown:
        mask = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 128).astype(np.uint8)
    write_turned(root / 'SegmentationClass/a.png', own, mask)
    write_list(root / 'train.txt', 'a')


def build(root: Path, **options: object) -> VOCSegmentation:
    settings = {
        'data_root': str(root),
        'ann_file': 'train.txt',
        'data_prefix': {'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'},
        'metainfo': {'classes': ('none', 'bright')},
        'pipeline': [{'type': 'LoadImageFromFile'}, {'type': 'cft.LoadSegmentation', 'num_classes': 2}],
    }
    with DefaultScope.overwrite_default_scope('mmseg'):
        return VOCSegmentation(**settings | options)


def check_brightness(sample: dict) -> None:
    labels = sample['gt_seg_map']
    assert sample['img'][labels == 1].mean() > 240
    assert sample['img'][labels == 0].mean() < 50


@pytest.mark.parametrize('shown', [False, True])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_masks_turn_with_the_image(orientation: int, shown: bool, tmp_path: Path) -> None:
    write_pair(tmp_path, orientation, shown=shown)
    told = orientation in (1, 5, 6, 7, 8)
    frame = None if told else 'shown' if shown else 'stored'
    check_brightness(build(tmp_path, label_frame=frame)[0])
    # The transform alone, of another data set, decides by the sizes too.
    sample = {
        'img_path': str(tmp_path / 'JPEGImages/a.jpg'),
        'seg_map_path': str(tmp_path / 'SegmentationClass/a.png'),
        'img': cv2.imread(str(tmp_path / 'JPEGImages/a.jpg')),
        'seg_fields': [],
    }
    sample['ori_shape'] = sample['img'].shape[:2]
    if told:
        check_brightness(LoadSegmentation(num_classes=2)(sample))
    else:
        with pytest.raises(ConfigError, match=r'a\.jpg is turned by its EXIF orientation'):
            LoadSegmentation(num_classes=2)(sample)


@pytest.mark.parametrize(('orientation', 'stored'), [(row[0], row[2]) for row in UNTOLD if row[1]])
def test_nothing_is_guessed(orientation: int, stored: tuple, tmp_path: Path) -> None:
    write_pair(tmp_path, orientation, stored)
    with pytest.raises(
        ConfigError, match=r"a\.jpg is turned .*a\.png .* set label_frame of the data set to 'stored' or"
    ):
        build(tmp_path)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_a_mask_with_the_exif_of_its_image(orientation: int, tmp_path: Path) -> None:
    """Viewers turn both alike."""
    write_pair(tmp_path, orientation, own=orientation)
    dataset = build(tmp_path)
    check_brightness(dataset[0])
    sample = {**dataset.get_data_info(0), 'ori_shape': dataset[0]['ori_shape']}
    del sample['mask_turn']
    assert np.array_equal(LoadSegmentation(num_classes=2)(sample)['gt_seg_map'], dataset[0]['gt_seg_map'])


def test_a_mask_with_an_exif_of_its_own(tmp_path: Path) -> None:
    write_pair(tmp_path, 1, own=6)
    with pytest.raises(
        ConfigError, match=r'a\.png is turned by its EXIF orientation 6, its image .*a\.jpg has 1; save'
    ):
        build(tmp_path)


@pytest.mark.parametrize('bits', [1, 2, 4, 8])
@pytest.mark.parametrize('palette', [True, False])
def test_png_of_few_bits(bits: int, palette: bool, tmp_path: Path) -> None:
    """Pillow stretches grey values to 0 to 255; the file's are the labels."""
    labels = (np.arange(60) % 2**bits).astype(np.uint8).reshape(5, 12)
    path = tmp_path / 'a.png'
    if palette:
        picture = Image.fromarray(labels, 'P')
        picture.putpalette(np.random.default_rng(0).integers(0, 256, 3 * 2**bits, dtype=np.uint8).tobytes())
        picture.save(path, bits=bits)
    else:
        path.write_bytes(grey_png(labels, bits))
    mask = read_mask(str(path))
    assert np.array_equal(mask.labels, labels)
    assert (mask.palette is not None) == palette


def grey_png(labels: np.ndarray, bits: int) -> bytes:
    """By the specification of PNG: a header, rows of packed bits after a byte for the filter, an end."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack('>I', len(content)) + name + content + struct.pack('>I', zlib.crc32(name + content))

    rows = b''
    for row in labels:
        text = ''.join(format(value, f'0{bits}b') for value in row)
        text += '0' * (-len(text) % 8)
        rows += b'\0' + bytes(int(text[place : place + 8], 2) for place in range(0, len(text), 8))
    header = struct.pack('>IIBBBBB', labels.shape[1], labels.shape[0], bits, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def test_a_compressed_mask_is_named(tmp_path: Path) -> None:
    Image.new('L', (8, 8)).save(tmp_path / 'a.jpg')
    with pytest.raises(ConfigError, match=r'a\.jpg is a JPEG, whose compression changes labels'):
        read_mask(str(tmp_path / 'a.jpg'))


def write_indexed(path: Path, labels: list[list[int]], *colors: tuple) -> str:
    picture = Image.fromarray(np.array(labels, np.uint8), 'P')
    picture.putpalette([value for color in colors for value in color])
    picture.save(path)
    return str(path)


def load(*paths: str) -> None:
    transform = LoadSegmentation(num_classes=3)
    for path in paths:
        transform({'seg_map_path': path, 'ori_shape': (1, 2), 'seg_fields': []})


def test_palettes_that_differ_among_files(tmp_path: Path) -> None:
    """Only what occurs counts, in one process."""
    a = write_indexed(tmp_path / 'a.png', [[0, 1]], BLACK, RED)
    b = write_indexed(tmp_path / 'b.png', [[0, 1]], BLACK, GREEN)
    c = write_indexed(tmp_path / 'c.png', [[0, 2]], BLACK, GREEN, GREEN)
    load(a, c)
    load(b, c)
    with pytest.raises(
        ConfigError,
        match=r'index 1 has the colour \(0, 255, 0\) in .*b\.png and \(255, 0, 0\) in .*a\.png.*convert_masks',
    ):
        load(a, c, b)


def test_palettes_against_metainfo() -> None:
    """An index in the colour of another class is wrong; one in a colour of no class says nothing."""
    palettes = Palettes(('none', 'rose', 'leaf'), [BLACK, RED, GREEN])
    used = np.array([0, 1])
    palettes.check('a.png', used, np.array([BLACK, RED]))
    palettes.check('b.png', used, None)
    with pytest.raises(
        ConfigError, match=r'c\.png has index 1 in the colour \(0, 255, 0\), .* class 2 \(leaf\); convert'
    ):
        Palettes(('none', 'rose', 'leaf'), [BLACK, RED, GREEN]).check('c.png', used, np.array([BLACK, GREEN]))
    Palettes(('none', 'rose', 'leaf'), [BLACK, RED, GREEN]).check('d.png', used, np.array([BLACK, (1, 2, 3)]))
    Palettes(('none', 'rose'), [RED]).check('e.png', used, np.array([BLACK, RED]))


@pytest.mark.parametrize(
    ('settings', 'expected'),
    [
        ({}, [0, 1, 2, 255]),
        ({'reduce_zero_label': True}, [255, 0, 1, 255]),
        ({'label_map': {0: 0, 1: 255, 2: 1}}, [0, 255, 1, 255]),
        ({'label_map': {0: 1, 1: 0}, 'reduce_zero_label': True}, [255, 1, 0, 255]),
    ],
)
def test_settings_of_mmseg(settings: dict, expected: list[int], tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 1, 2, 255]], np.uint8)).save(tmp_path / 'a.png')
    sample = {'seg_map_path': str(tmp_path / 'a.png'), 'ori_shape': (1, 4), 'seg_fields': [], **settings}
    assert LoadSegmentation(num_classes=3)(sample)['gt_seg_map'].tolist() == [expected]


def test_masks_are_read_with_pillow() -> None:
    with pytest.raises(ConfigError, match='imdecode_backend'):
        LoadSegmentation(num_classes=3, imdecode_backend='cv2')
