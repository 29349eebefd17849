"""decode_image: plain images as OpenCV reads them, others as a viewer shows them, deep ones with their values."""

import io
import struct
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from cft.datasets.image_decoding import MAX_PIXELS, decode_image
from cft.datasets.image_errors import read_image
from cft.datasets.image_headers import UnsuitableImage, read_header
from cft.datasets.orientation import read_header as read_stored_header
from cft.errors import DataError
from tests.support.pixel_files import GREY, GREY_ALPHA, PALETTE, RGB, RGBA, png, pnm, saved, tiff

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 13, 18


def noise(*bands: int, top: int = 256, dtype: type = np.uint8) -> np.ndarray:
    return RNG.integers(0, top, (HEIGHT, WIDTH, *bands)).astype(dtype)


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


COLOUR, SINGLE = Image.fromarray(noise(3)), Image.fromarray(noise())
PLAIN = {
    'JPEG': saved(COLOUR, 'JPEG'),
    'progressive JPEG': saved(COLOUR, 'JPEG', progressive=True),
    'grey JPEG': saved(SINGLE, 'JPEG'),
    'turned JPEG': saved(COLOUR, 'JPEG', exif=exif(6)),
    'PNG': png(noise(3), RGB),
    'grey PNG': png(noise(), GREY),
    'palette PNG': saved(COLOUR.quantize(16), 'PNG'),
    'turned PNG': saved(COLOUR, 'PNG', exif=exif(8)),
    '1-bit PNG': saved(SINGLE.convert('1'), 'PNG'),
    'BMP': saved(COLOUR, 'BMP'),
    'palette BMP': saved(COLOUR.quantize(200), 'BMP'),
    'TIFF': tiff(noise(3)),
    'grey TIFF': tiff(noise()),
    'LZW TIFF': saved(COLOUR, 'TIFF', compression='tiff_lzw'),
    'WebP': saved(COLOUR, 'WEBP'),
    'lossless WebP': saved(COLOUR, 'WEBP', lossless=True),
    'PPM': pnm(noise(3), 255),
    'PGM': pnm(noise(), 255),
}


@pytest.mark.parametrize('name', PLAIN)
def test_plain_images_are_those_of_mmcv(name: str) -> None:
    assert np.array_equal(decode_image(PLAIN[name]), mmcv.imfrombytes(PLAIN[name]))


DEEP = {
    '16-bit PNG': (noise(top=65536, dtype=np.uint16), lambda a: png(a, GREY)),
    '12 bits in a PNG': (noise(top=4096, dtype=np.uint16), lambda a: png(a, GREY)),
    '16-bit RGB PNG': (noise(3, top=65536, dtype=np.uint16), lambda a: png(a, RGB)),
    '16-bit TIFF': (noise(top=65536, dtype=np.uint16), tiff),
    '16-bit TIFF, big endian': (noise(top=65536, dtype=np.uint16), lambda a: tiff(a, order='>')),
    '16-bit RGB TIFF': (noise(3, top=65536, dtype=np.uint16), tiff),
    'signed 8-bit TIFF': ((noise() - 128).astype(np.int8), tiff),
    'signed 16-bit TIFF': (noise(top=2000, dtype=np.int16) - np.int16(1000), tiff),
    'signed 32-bit TIFF': (noise(top=2000, dtype=np.int32) - 10**6, tiff),
    'float TIFF': (RNG.normal(size=(HEIGHT, WIDTH)).astype(np.float32), tiff),
    'double TIFF': (RNG.normal(size=(HEIGHT, WIDTH)), tiff),
    'float RGB TIFF': (RNG.normal(size=(HEIGHT, WIDTH, 3)).astype(np.float32), tiff),
    '16-bit PGM': (noise(top=4096, dtype=np.uint16), lambda a: pnm(a, 4095)),
    '16-bit PPM': (noise(3, top=65536, dtype=np.uint16), lambda a: pnm(a, 65535)),
    '16-bit JPEG 2000': (noise(top=65536, dtype=np.uint16), lambda a: saved(Image.fromarray(a), 'JPEG2000')),
    'opaque 16-bit RGBA PNG': (
        noise(3, top=65536, dtype=np.uint16),
        lambda a: png(np.dstack([a, np.full(a.shape[:2], 65535, np.uint16)]), RGBA),
    ),
}


@pytest.mark.parametrize('name', DEEP)
def test_deep_images_keep_their_values(name: str) -> None:
    """And their type, so that negative values stay below positive ones."""
    values, write = DEEP[name]
    image = decode_image(write(values))
    expected = values[..., ::-1] if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    assert image.dtype == values.dtype and np.array_equal(image, expected)


@pytest.mark.parametrize('kind', ['PNG', 'TIFF', 'WEBP'])
@pytest.mark.parametrize(('orientation', 'turns'), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_every_path_turns_as_exif_says(kind: str, orientation: int, turns: int) -> None:
    values = noise(top=4096, dtype=np.uint16) if kind != 'WEBP' else noise(3)
    options = {'lossless': True} if kind == 'WEBP' else {}
    if kind == 'TIFF':
        content = saved(Image.fromarray(values), kind, tiffinfo={274: orientation})
    else:
        content = saved(Image.fromarray(values), kind, exif=exif(orientation), **options)
    shown = decode_image(content)[..., 0]
    assert np.array_equal(shown, np.rot90(values if values.ndim == 2 else values[..., 2], turns))


SMOOTH = np.asarray(Image.fromarray(RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((40, 24)))


@pytest.mark.parametrize(
    ('kind', 'mode'),
    [
        *(('JPEG', mode) for mode in ('RGB', 'L', 'CMYK')),
        *(('PNG', mode) for mode in ('RGB', 'L', 'RGBA', 'P')),
        *(('WEBP', mode) for mode in ('RGB', 'RGBA')),
    ],
)
@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientations_are_pillows(kind: str, mode: str, orientation: int) -> None:
    """Mirrored ones as well; on a picture in which no two of the eight are alike."""
    options = {'JPEG': {'quality': 95}, 'WEBP': {'lossless': True}, 'PNG': {}}[kind]
    content = saved(Image.fromarray(SMOOTH).convert(mode), kind, exif=exif(orientation), **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert('RGB'))[..., ::-1]
    found = decode_image(content)
    assert found.shape == expected.shape and expected.shape[:2] == ((24, 40) if orientation < 5 else (40, 24))
    # Decoders of JPEG may round apart.
    assert np.abs(found - expected.astype(int)).max() <= (1 if kind == 'JPEG' else 0)


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize(
    ('kind', 'mode'),
    [('JPEG', 'RGB'), ('JPEG', 'CMYK'), ('PNG', 'RGB'), ('PNG', 'RGBA'), ('WEBP', 'RGB'), ('WEBP', 'RGBA')],
)
def test_xmp_turns_nothing(kind: str, mode: str, tmp_path: Path) -> None:
    """Whichever library decodes, pixels and labels are turned by EXIF alone."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt('XML:com.adobe.xmp', XMP)
    path = tmp_path / 'image'
    path.write_bytes(
        saved(Image.new(mode, (8, 4)), kind, **({'pnginfo': text} if kind == 'PNG' else {'xmp': XMP.encode()}))
    )
    header = read_stored_header(str(path))
    assert header is not None and header.shown == (8, 4) and read_image(str(path)).shape == (4, 8, 3)


def over_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    part = alpha[..., None].astype(float) / 255
    return np.rint(part * colours + (1 - part) * 255)


def test_transparency_is_over_white() -> None:
    """Of every kind; OpenCV shows what is hidden beneath."""
    colours, alpha = noise(3), noise()
    grey = np.repeat(colours[..., :1], 3, axis=2)
    both = Image.fromarray(np.dstack([colours, alpha]))
    expected = over_white(colours, alpha)
    files = {
        'PNG': png(np.dstack([colours, alpha]), RGBA), 'TIFF': tiff(np.dstack([colours, alpha]), extra=2),
        'TIFF without the tag': tiff(np.dstack([colours, alpha])),
        'WebP': saved(both, 'WEBP', lossless=True, exact=True),
    }  # fmt: skip
    for name, content in files.items():
        assert np.abs(decode_image(content)[..., ::-1] - expected).max() <= 1, name
    grey_file = png(np.dstack([colours[..., 0], alpha]), GREY_ALPHA)
    assert np.abs(decode_image(grey_file)[..., ::-1] - over_white(grey, alpha)).max() <= 1


def test_one_transparent_colour_and_palettes_with_transparency() -> None:
    colours = np.array([[[10, 20, 30], [40, 50, 60]]], np.uint8)
    key = png(colours, RGB, {b'tRNS': struct.pack('>HHH', 10, 20, 30)})
    assert decode_image(key)[..., ::-1].tolist() == [[[255, 255, 255], [40, 50, 60]]]
    index = np.array([[0, 1, 2]], np.uint8)
    chunks = {b'PLTE': bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]), b'tRNS': bytes([0, 255])}
    assert decode_image(png(index, PALETTE, chunks))[..., ::-1].tolist() == [[[255] * 3, [40, 50, 60], [70, 80, 90]]]


@pytest.mark.parametrize('kind', ['GIF', 'WEBP', 'PNG', 'TIFF'])
def test_the_first_frame_is_shown(kind: str) -> None:
    frames = [Image.new('RGB', (6, 4), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    options = {'lossless': True} if kind == 'WEBP' else {}
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert (decode_image(content) == (0, 0, 255)).all()


@pytest.mark.parametrize('kind', ['JPEG', 'TIFF'])
def test_cmyk_is_rgb(kind: str) -> None:
    """JPEGs as Adobe writes them, inverted, and TIFFs, which are not: little ink is bright."""
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[:, 8:] = (0, 255, 255, 0)
    image = Image.fromarray(ink, 'CMYK')
    content = saved(image, kind, **({'quality': 100} if kind == 'JPEG' else {}))
    shown = decode_image(content)[..., ::-1].astype(int)
    assert (shown[:, :7] > 245).all() and (np.abs(shown[:, 9:] - (255, 0, 0)) < 12).all()


def test_a_pgm_is_white_at_its_largest_value() -> None:
    values = np.array([[0, 50, 100]], np.uint8)
    shown = decode_image(pnm(values, 100))[0, :, 0].astype(float)
    assert np.abs(shown - (0, 127.5, 255)).max() <= 0.5


@pytest.mark.parametrize('kind', ['GIF', 'JPEG2000', 'AVIF'])
def test_other_formats(kind: str) -> None:
    """Within what the format loses; grey, of which each keeps most."""
    if kind == 'AVIF' and '.avif' not in Image.registered_extensions():
        pytest.skip('this Pillow reads no AVIF')
    values = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None, :], 64, axis=0)
    content = saved(Image.fromarray(values).convert('RGB'), kind, **({'quality': 100} if kind == 'AVIF' else {}))
    assert np.abs(decode_image(content).astype(int) - values[..., None]).max() <= 4


ALPHA_16 = np.full((HEIGHT, WIDTH), 40000, np.uint16)
REFUSED = {
    'five bands': (tiff(noise(5), extra=0), 'has 5 bands'),
    'five bands of 16 bits': (tiff(noise(5, dtype=np.uint16), extra=0), 'has 5 bands'),
    'two bands': (tiff(noise(2), photometric=1, extra=0), 'has 2 bands'),
    'near infrared': (tiff(noise(4), extra=0), 'has 4 bands'),
    'four grey bands': (tiff(noise(4), photometric=1, extra=0), 'has 4 bands'),
    'uint32': (tiff(noise(dtype=np.uint32)), 'unsigned pixels of 32 bits'),
    'half': (tiff(noise(dtype=np.float16)), 'float pixels of 16 bits'),
    'inverted': (tiff(noise(dtype=np.uint16), photometric=0), 'inverted grey'),
    'CMYK of 16 bits': (tiff(noise(4, dtype=np.uint16), photometric=5), 'CMYK'),
    'no numbers': (tiff(np.full((3, 4), np.nan, np.float32)), 'no number'),
    'infinite': (tiff(np.full((3, 4), np.inf)), 'infinite'),
    'transparent and deep': (png(np.dstack([noise(3, dtype=np.uint16), ALPHA_16]), RGBA), 'transparent'),
    '12-bit JPEG': (PLAIN['JPEG'].replace(b'\xff\xc0\x00\x11\x08', b'\xff\xc0\x00\x11\x0c'), 'JPEG of 12 bits'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_has_no_meaning_here_is_refused_by_name(name: str, tmp_path: Path) -> None:
    content, reason = REFUSED[name]
    path = tmp_path / 'image'
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        read_image(str(path))
    assert str(error.value).startswith(f'{path} ') and '\n' not in str(error.value)


def large(kind: str, width: int, height: int) -> bytes:
    """An image that only says that it is large."""
    if kind == 'PNG':
        content = png(noise(3), RGB)
        return content[:16] + struct.pack('>II', width, height) + content[24:]
    if kind == 'TIFF':
        content = tiff(noise())
        for tag, old, new in ((256, WIDTH, width), (257, HEIGHT, height)):
            content = content.replace(struct.pack('<HHII', tag, 4, 1, old), struct.pack('<HHII', tag, 4, 1, new), 1)
        return content
    if kind == 'GIF':
        content = saved(SINGLE, 'GIF')
        return content[:6] + struct.pack('<HH', width, height) + content[10:]
    if kind == 'JPEG':
        content = PLAIN['JPEG']
        at = content.index(b'\xff\xc0') + 5
        return content[:at] + struct.pack('>HH', height, width) + content[at + 4 :]
    return f'P5 {width} {height} 255\n'.encode()


@pytest.mark.parametrize('kind', ['PNG', 'TIFF', 'GIF', 'JPEG', 'PGM'])
@pytest.mark.parametrize('side', [14_000, 60_000])
def test_very_large_images_have_a_limit_of_our_own(kind: str, side: int, tmp_path: Path) -> None:
    """Before anything is decoded; with its remedy, and nothing of an attack or a library."""
    path = tmp_path / 'large'
    path.write_bytes(large(kind, side, side))
    with pytest.raises(DataError, match='more than the 175 million pixels.*cut it into tiles') as error:
        read_image(str(path))
    assert 'bomb' not in str(error.value).lower()
    assert MAX_PIXELS < 14_000**2


def test_damaged_headers_end_in_one_error(tmp_path: Path) -> None:
    """Cut off anywhere and with bytes changed: pixels, or an error that names the file."""
    contents = [PLAIN['JPEG'], PLAIN['PNG'], PLAIN['WebP'], PLAIN['PPM'], PLAIN['BMP']]
    contents += [tiff(noise(3)), DEEP['16-bit JPEG 2000'][1](noise(dtype=np.uint16)), tiff(noise(dtype=np.uint16))]
    path = tmp_path / 'damaged'
    rng = np.random.default_rng(1)
    for content in contents:
        for _ in range(60):
            damaged = bytearray(content)
            for at in rng.integers(2, min(len(content), 200), 4):
                damaged[at] = rng.integers(256)
            damaged = damaged[: rng.integers(3, len(content) + 1)]
            try:
                read_header(bytes(damaged))
            except UnsuitableImage as error:
                assert str(error)
            path.write_bytes(damaged)
            try:
                assert read_image(str(path)).shape[2] == 3
            except DataError as error:
                assert str(error).startswith(str(path))


def test_formats_that_start_programs_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / 'page.jpg'
    path.write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n')
    with pytest.raises(DataError, match='is no readable image'):
        read_image(str(path))


def test_opencv_is_what_reads_plain_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call, as before: the header decides."""
    flags: list[int] = []
    decode = cv2.imdecode
    monkeypatch.setattr(cv2, 'imdecode', lambda buffer, flag: flags.append(flag) or decode(buffer, flag))
    for content in PLAIN.values():
        decode_image(content)
    assert flags == [cv2.IMREAD_COLOR] * len(PLAIN)
