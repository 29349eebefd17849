"""read_header against Pillow, on every kind of file that Pillow and OpenCV write, and on BMPs of every header."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps, features

from cft.datasets.image_decoding import decode_image
from cft.datasets.image_headers import ImageHeader, UnsuitableImage, read_header
from tests.support.pixel_files import saved, tiff

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 13, 18
NOISE = RNG.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
TURNED = Image.Exif()
TURNED[0x0112] = 6
MODES = ('1', 'L', 'LA', 'P', 'PA', 'RGB', 'RGBA', 'CMYK', 'YCbCr', 'LAB')
OPTIONS: dict[str, list[dict]] = {
    'JPEG': [{}, {'progressive': True}, {'exif': TURNED}, {'subsampling': 2}],
    'PNG': [{}, {'bits': 1}, {'bits': 4}, {'transparency': 0}, {'exif': TURNED}],
    'BMP': [{}],
    'GIF': [{}, {'interlace': 0}, {'transparency': 0}],
    'WEBP': [{}, {'lossless': True}, {'exif': TURNED}, {'icc_profile': b'profile'}],
    'TIFF': [
        {'compression': compression, 'big_tiff': big}
        for compression in (None, 'tiff_lzw', 'tiff_deflate', 'packbits', 'jpeg', 'group4', 'lzma', 'zstd')
        for big in (False, True)
    ],
    'PPM': [{}],
    'JPEG2000': [{}, {'no_jp2': True}, {'irreversible': True}, {'tile_size': (8, 8)}],
    'AVIF': [{}],
    'MPO': [{'save_all': True, 'append_images': [Image.new('RGB', (5, 5))]}],
    'PCX': [{}],
    'SGI': [{}],
    'DDS': [{}],
    'ICO': [{}],
}


def written(kind: str) -> list[bytes]:
    """Files of all modes and options that this Pillow writes."""
    images = [Image.fromarray(NOISE).convert('RGB').convert(mode) for mode in MODES if 'A' not in mode[1:]]
    images += [Image.fromarray(NOISE), Image.fromarray(NOISE).convert('LA')]
    files = (saved_or_none(image, kind, options) for image in images for options in OPTIONS[kind])
    return [content for content in files if content is not None]


def saved_or_none(image: Image.Image, kind: str, options: dict) -> bytes | None:
    """None for the modes and options that the format lacks."""
    try:
        return saved(image, kind, **options)
    except (OSError, ValueError, KeyError, RuntimeError):
        return None


@pytest.mark.parametrize('kind', OPTIONS)
def test_files_of_pillow(kind: str) -> None:
    """The size that the header declares, and the pixels that Pillow shows."""
    if kind == 'AVIF' and not features.check('avif'):
        pytest.skip('this Pillow reads no AVIF')
    files = written(kind)
    assert files
    for content in files:
        image = Image.open(io.BytesIO(content))
        assert read_header(content).size in (None, image.size)
        assert np.abs(decode_image(content)[..., ::-1].astype(int) - shown_by_pillow(image)).max() <= 3, image.mode


def shown_by_pillow(image: Image.Image) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        image = image.convert('RGBA')
        image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
    return np.asarray(image.convert('RGB')).astype(int)


SUFFIXES = ('.png', '.jpg', '.bmp', '.tif', '.webp', '.jp2', '.ras')


@pytest.mark.parametrize(
    ('suffix', 'channels'),
    [*((suffix, channels) for suffix in SUFFIXES for channels in (1, 3)), ('.ppm', 3), ('.pgm', 1)],
)
def test_files_of_opencv(suffix: str, channels: int) -> None:
    # OpenCV writes no smaller JPEG 2000.
    pixels = np.tile(NOISE[..., :channels], (4, 4, 1))
    content = cv2.imencode(suffix, pixels)[1].tobytes()
    assert read_header(content).size in (None, pixels.shape[1::-1])
    expected = shown_by_pillow(Image.open(io.BytesIO(content)))
    assert np.abs(decode_image(content)[..., ::-1].astype(int) - expected).max() <= 3


def bmp(pixels: np.ndarray, length: int, bits: int, palette: np.ndarray | None = None, top_down: bool = False) -> bytes:
    """A bitmap with a header of so many bytes; 12: OS/2's."""
    height, width = pixels.shape[:2]
    rows = [_packed(row, bits) for row in (pixels if top_down else pixels[::-1])]
    picture = b''.join(row.ljust(-(-len(row) // 4) * 4, b'\0') for row in rows)
    if length == 12:
        header = struct.pack('<IHHHH', 12, width, height, 1, bits)
        colours = b'' if palette is None else palette.tobytes()
    else:
        numbers = (length, width, -height if top_down else height, 1, bits, 0, len(picture), 0, 0, 0, 0)
        header = struct.pack('<IiiHHIIiiII', *numbers).ljust(length, b'\0')
        colours = b'' if palette is None else np.pad(palette, ((0, 0), (0, 1))).tobytes()
    offset = 14 + len(header) + len(colours)
    return struct.pack('<2sIHHI', b'BM', offset + len(picture), 0, 0, offset) + header + colours + picture


def _packed(row: np.ndarray, bits: int) -> bytes:
    if bits >= 8:
        return row.tobytes()
    digits = ''.join(f'{value:0{bits}b}' for value in row)
    return int(digits.ljust(-(-len(digits) // 8) * 8, '0'), 2).to_bytes(-(-len(digits) // 8), 'big')


BITMAPS = [(12, False), (40, False), (40, True), (64, False), (108, False), (108, True), (124, False), (124, True)]


@pytest.mark.parametrize(('length', 'top_down'), BITMAPS)
@pytest.mark.parametrize('bits', [1, 4, 8, 24])
def test_bitmaps_of_every_header(length: int, top_down: bool, bits: int) -> None:
    """The size and the pixels, whichever system wrote them and whichever row comes first."""
    if bits == 24:
        expected = NOISE[..., :3]
        content = bmp(np.ascontiguousarray(expected), length, bits, top_down=top_down)
    else:
        palette, indices = RNG.integers(0, 256, (2**bits, 3), dtype=np.uint8), NOISE[..., 0] & (2**bits - 1)
        expected = palette[indices]
        content = bmp(indices, length, bits, palette, top_down)
    assert read_header(content) == ImageHeader((WIDTH, HEIGHT), 'plain')
    assert np.array_equal(decode_image(content), expected)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content)).convert('RGB'))[..., ::-1], expected)


def test_tiffs_beyond_rgb_are_named() -> None:
    """What OpenCV writes of float colours, and floats with transparency, which it does not decode."""
    log_luv = cv2.imencode('.tif', NOISE[..., :3].astype(np.float32))[1].tobytes()
    with pytest.raises(UnsuitableImage, match='no plain grey or RGB.*LogLuv'):
        read_header(log_luv)
    with pytest.raises(UnsuitableImage, match='32 bits and is transparent'):
        read_header(tiff(NOISE.astype(np.float32), extra=2))
