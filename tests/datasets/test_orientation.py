"""Which pixels labels belong to, where EXIF turns the image; Pillow's own turning is the oracle."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from cft.datasets.orientation import Header, Labelled, label_frames, read_header, turn_box, turn_map
from cft.errors import ConfigError

STORED = (7, 5)
EVERY = range(1, 9)


def write_turned(path: Path, orientation: int, pixels: np.ndarray | None = None, size: tuple = STORED) -> Path:
    """An image with an EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size[1], size[0], 3), np.uint8) if pixels is None else pixels
    Image.fromarray(pixels).save(path, exif=exif)
    return path


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tif'])
@pytest.mark.parametrize('orientation', EVERY)
def test_header(orientation: int, suffix: str, tmp_path: Path) -> None:
    path = write_turned(tmp_path / f'a{suffix}', orientation)
    header = read_header(str(path))
    assert header == Header(STORED, orientation)
    with Image.open(path) as image:
        image.load()
        assert header.shown == ImageOps.exif_transpose(image).size


def test_headers_without_orientation(tmp_path: Path) -> None:
    (tmp_path / 'a.jpg').write_bytes(b'no picture')
    assert read_header(str(tmp_path / 'a.jpg')) is None
    assert read_header(str(tmp_path / 'b.jpg')) is None
    assert read_header(str(write_turned(tmp_path / 'c.jpg', 0))) == Header(STORED, 1)
    Image.new('L', STORED).save(tmp_path / 'd.png')
    assert read_header(str(tmp_path / 'd.png')) == Header(STORED, 1)


@pytest.mark.parametrize('orientation', EVERY)
def test_maps_and_boxes_turn_with_the_image(orientation: int, tmp_path: Path) -> None:
    pixels = np.arange(35, dtype=np.uint8).reshape(5, 7)
    with Image.open(write_turned(tmp_path / 'a.png', orientation, pixels)) as image:
        shown = np.array(ImageOps.exif_transpose(image))
    assert np.array_equal(turn_map(pixels, orientation), shown)
    for x1, y1, x2, y2 in ((0, 0, 7, 5), (1, 2, 4, 3), (6, 4, 7, 5)):
        u1, v1, u2, v2 = turn_box((x1, y1, x2, y2), Header(STORED, orientation))
        assert set(shown[v1:v2, u1:u2].flat) == set(pixels[y1:y2, x1:x2].flat)


def labelled(orientation: int, declared: tuple | None, stored: tuple = STORED, name: str = 'a') -> Labelled:
    return Labelled(f'{name}.jpg', f'{name}.xml', Header(stored, orientation), declared)


@pytest.mark.parametrize('orientation', range(5, 9))
def test_the_declared_size_tells_the_frame(orientation: int) -> None:
    samples = [labelled(orientation, (7, 5)), labelled(orientation, (5, 7)), labelled(1, (7, 5)), labelled(1, None)]
    assert label_frames(samples, None, 'list') == ['stored', 'shown', 'shown', 'shown']


UNTOLD = [(2, (7, 5), (7, 5)), (3, (7, 5), (7, 5)), (4, (7, 5), (7, 5)), (6, (6, 6), (6, 6)), (6, None, (7, 5))]


@pytest.mark.parametrize(('orientation', 'declared', 'stored'), UNTOLD)
def test_what_the_size_does_not_tell(orientation: int, declared: tuple | None, stored: tuple) -> None:
    """Other images of the same labels do, or a setting; nothing is guessed."""
    untold = labelled(orientation, declared, stored, 'b')
    with pytest.raises(
        ConfigError, match=rf'^b\.jpg .*EXIF orientation {orientation}; .*b\.xml .*no other.*label_frame'
    ):
        label_frames([labelled(1, (7, 5)), untold], None, 'list')
    for frame, size in (('stored', (7, 5)), ('shown', (5, 7))):
        assert label_frames([untold], frame, 'list') == [frame]
        assert label_frames([untold, labelled(8, size)], None, 'list') == [frame, frame]
    with pytest.raises(ConfigError, match='the other turned images disagree: set label_frame'):
        label_frames([untold, labelled(8, (5, 7)), labelled(8, (7, 5))], None, 'list')


def test_a_setting_goes_before_the_size() -> None:
    """Some tools declare the stored size for labels of the shown pixels."""
    assert label_frames([labelled(6, (7, 5)), labelled(1, (7, 5))], 'shown', 'list') == ['shown', 'shown']
    with pytest.raises(ConfigError, match=r"label_frame must be one of .*, got 'turned'"):
        label_frames([], 'turned', 'list')


@pytest.mark.parametrize(('orientation', 'declared'), [(1, (5, 7)), (3, (5, 7)), (6, (70, 50)), (1, (8, 5))])
@pytest.mark.parametrize('frame', [None, 'shown'])
def test_a_size_that_fits_neither_frame(orientation: int, declared: tuple, frame: str | None) -> None:
    with pytest.raises(ConfigError, match=rf'^a\.xml is for an image of {declared[0]} x {declared[1]} pixels, a\.jpg'):
        label_frames([labelled(orientation, declared)], frame, 'list')
