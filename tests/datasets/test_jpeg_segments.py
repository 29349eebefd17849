"""Where the picture of a JPEG ends: whole with whatever follows, cut off wherever Pillow says so."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile

from cft.datasets.image_errors import read_image
from cft.datasets.image_headers import ImageHeader, read_header
from cft.datasets.jpeg_segments import is_cut_off, jpeg_segments
from cft.errors import DataError
from tests.datasets.damaged_images import pixels
from tests.support.pixel_files import saved

RNG = np.random.default_rng(0)
COLOUR = Image.fromarray(pixels())


def jpeg(**options: object) -> bytes:
    return saved(COLOUR, 'JPEG', **options)


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(data) + 2).to_bytes(2, 'big') + data


def after_start(content: bytes, inserted: bytes) -> bytes:
    return content[:2] + inserted + content[2:]


def before_frame(content: bytes, inserted: bytes) -> bytes:
    at = content.index(b'\xff\xc0')
    return content[:at] + inserted + content[at:]


def pillow_reads(content: bytes) -> bool:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        Image.open(io.BytesIO(content)).load()
    except OSError:
        return False
    return True


JPEGS = {
    'baseline': jpeg(),
    'progressive': jpeg(progressive=True),
    'small': jpeg(optimize=True, quality=1),
    'fine': jpeg(quality=100, subsampling=0),
    'restarts': jpeg(restart_marker_blocks=1),
    'progressive with restarts': jpeg(progressive=True, restart_marker_blocks=2),
    'grey': saved(COLOUR.convert('L'), 'JPEG'),
    'CMYK': saved(COLOUR.convert('CMYK'), 'JPEG'),
    'thumbnail': after_start(jpeg(), segment(0xE1, b'Exif\0\0' + jpeg(quality=20))),
    'progressive thumbnail': after_start(jpeg(progressive=True), segment(0xE1, b'Exif\0\0' + jpeg(progressive=True))),
    'comment': jpeg(comment=b'\xff\xd9\xff\xda\xff\xd8' * 3),
    'fill bytes': before_frame(jpeg(), b'\xff' * 5),
    'garbage before a segment': before_frame(jpeg(), b'\0' * 7),
}


@pytest.mark.parametrize('name', JPEGS)
def test_whole_with_whatever_follows(name: str) -> None:
    """Bytes at random, of markers mostly, other pictures, and pictures that are cut off themselves."""
    content = JPEGS[name]
    assert np.asarray(Image.open(io.BytesIO(content))).size
    markers = np.frombuffer(b'\xff\xff\xff\xd9\xda\xd8\xe1\xc4\0\x01', np.uint8)
    trailers = [b'', b'\0' * 20, b'PK\3\4', b'\xff', b'\xff\xda', b'\xff\xd9\xff\xda', b'\xff\xd8\xff\xda' * 9]
    trailers += [RNG.bytes(200_000) for _ in range(5)]
    trailers += [RNG.choice(markers, RNG.integers(1, 300)).tobytes() for _ in range(50)]
    trailers += [other[:length] for other in JPEGS.values() for length in (len(other), len(other) - 1, len(other) // 2)]
    for trailer in trailers:
        assert not is_cut_off(content + trailer), trailer[:40]


@pytest.mark.parametrize('name', JPEGS)
def test_cut_off_wherever_pillow_says_so(name: str) -> None:
    """And wherever the end is missing, once the picture has begun."""
    content = JPEGS[name]
    picture = next(at for marker, at in jpeg_segments(content) if marker == 0xDA)
    for length in range(3, len(content)):
        part = content[:length]
        if length >= picture:
            assert is_cut_off(part), length
            assert length >= len(content) - 2 or not pillow_reads(part), length
            # As a download into space that was set aside before.
            assert is_cut_off(part + b'\0' * 50), length
            continue
        # The header is not whole: nothing can be read.
        assert cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR) is None, length
        assert not pillow_reads(part), length


@pytest.mark.parametrize('name', JPEGS)
def test_the_error_comes_from_the_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / 'photo.jpg'
    film = b'\xff\xda'.join(RNG.bytes(500) for _ in range(9)).replace(b'\xff\xd9', b'')
    path.write_bytes(JPEGS[name] + film)
    whole = read_image(str(path))
    path.write_bytes(JPEGS[name])
    assert np.array_equal(read_image(str(path)), whole)
    for length in np.linspace(3, len(JPEGS[name]) - 1, 60).astype(int):
        path.write_bytes(JPEGS[name][:length])
        with pytest.raises(DataError, match='is cut off|is no readable image'):
            read_image(str(path))


def test_cut_off_before_a_film() -> None:
    """Only an end by chance could hide it, so the film here has none."""
    film = RNG.bytes(100_000).replace(b'\xff\xd9', b'')
    assert is_cut_off(JPEGS['baseline'][:-2] + film)


def test_segments_are_those_that_were_written() -> None:
    """A plain loop over the lengths finds the same up to the picture."""
    content, at, expected = JPEGS['thumbnail'], 2, []
    while not expected or expected[-1][0] != 0xDA:
        expected.append((content[at + 1], at + 2))
        at += 2 + int.from_bytes(content[at + 2 : at + 4], 'big')
    assert list(jpeg_segments(content)) == [*expected, (0xD9, len(content))]


@pytest.mark.parametrize('kind', ['fill bytes', 'garbage before a segment', 'CMYK'])
def test_the_header_is_found_behind_what_decoders_skip(kind: str) -> None:
    assert read_header(JPEGS[kind]) == ImageHeader(COLOUR.size, 'other' if kind == 'CMYK' else 'plain')


@pytest.mark.parametrize('content', [b'', b'\xff\xd8', b'\xff\xd8\xff', b'\xff\xd8\xff\xe1', b'\x89PNG\xff\xda'])
def test_without_a_scan_the_decoder_complains(content: bytes) -> None:
    assert not is_cut_off(content)
