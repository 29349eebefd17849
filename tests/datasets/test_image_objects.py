"""Images in memory have the pixels that their files have."""

import io

import numpy as np
import pytest
from PIL import Image

from cft.datasets.image_decoding import decode_image
from cft.datasets.image_objects import pixels_of
from cft.errors import DataError
from tests.support.pixel_files import GREY, RGB, RGBA, png, tiff

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (4, 5, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (4, 5), dtype=np.uint8)
DEEP = RNG.integers(0, 4096, (4, 5), dtype=np.uint16)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    with io.BytesIO() as content:
        image.save(content, kind, **options)
        return content.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


FILES = {
    'RGB': png(COLOUR, RGB),
    'grey': png(COLOUR[..., 0], GREY),
    'transparent': png(np.dstack([COLOUR, ALPHA]), RGBA),
    'palette': saved(Image.fromarray(COLOUR).quantize(8), 'PNG'),
    '1 bit': saved(Image.fromarray(COLOUR[..., 0]).convert('1'), 'PNG'),
    'CMYK': saved(Image.fromarray(COLOUR).convert('CMYK'), 'TIFF'),
    '16 bits': png(DEEP, GREY),
    'big endian': tiff(DEEP, order='>'),
    'float': tiff(RNG.normal(size=(4, 5)).astype(np.float32)),
    **{f'turned {number}': saved(Image.fromarray(COLOUR), 'PNG', exif=turned(number)) for number in range(1, 9)},
    'turned 16 bits': saved(Image.fromarray(DEEP), 'PNG', exif=turned(6)),
    'turned TIFF': saved(Image.fromarray(COLOUR), 'TIFF', tiffinfo={274: 6}),
}


@pytest.mark.parametrize('name', FILES)
def test_an_open_image_is_its_file(name: str) -> None:
    expected = decode_image(FILES[name])
    for load in (False, True):
        image = Image.open(io.BytesIO(FILES[name]))
        if load:
            image.load()
        found = pixels_of(image)
        assert found.shape == expected.shape and np.array_equal(found.astype(float), expected.astype(float))
        assert (found.dtype == np.uint8) == (expected.dtype == np.uint8)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int16, np.float32, '>u2'])
def test_arrays(dtype: object) -> None:
    """R, G, B; grey with or without an axis of its own; the given one stays as it is."""
    values = np.arange(24).reshape(2, 4, 3).astype(dtype)
    before = values.copy()
    assert np.array_equal(pixels_of(values), values[..., ::-1])
    for grey in (values[..., 0], values[..., :1]):
        assert np.array_equal(pixels_of(grey), np.repeat(values[..., :1], 3, axis=2))
    pixels_of(values)[:] = 0
    assert np.array_equal(values, before) and pixels_of(values).dtype.isnative


def test_a_transparent_array_is_over_white() -> None:
    found = pixels_of(np.dstack([COLOUR, ALPHA]))[..., ::-1].astype(float)
    part = ALPHA[..., None] / 255
    assert np.abs(found - (part * COLOUR + (1 - part) * 255)).max() <= 1


@pytest.mark.parametrize(
    ('image', 'told'),
    [
        (np.zeros((2, 3), bool), 'values of type bool'),
        (np.array([['a']]), 'values of type <U1'),
        (np.zeros((3, 2, 2), np.uint8), r'shape \(3, 2, 2\)'),
        (np.zeros((0, 2, 3), np.uint8), r'shape \(0, 2, 3\)'),
        (np.zeros(3), r'shape \(3,\)'),
        (np.full((2, 2), np.nan), 'infinite or no number'),
        (np.zeros((2, 2, 4), np.uint16), 'more than 8 bits and transparency'),
        (Image.open(io.BytesIO(FILES['RGB'][:-30])), 'no readable image'),
        (Image.open(io.BytesIO(png(np.repeat(DEEP[..., None], 3, 2), RGB))), '16 bits, of which Pillow keeps 8'),
    ],
)
def test_what_is_no_image(image: object, told: str) -> None:
    with pytest.raises(DataError, match=f'mine .*{told}'):
        pixels_of(image, 'mine')
