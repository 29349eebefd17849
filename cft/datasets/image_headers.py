"""What the first bytes of an image file say of its pixels."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cft.datasets.jpeg_segments import jpeg_segments

PNG_GREY, PNG_PALETTE, PNG_GREY_ALPHA, PNG_COLOUR_ALPHA = 0, 3, 4, 6
TIFF_WHITE_IS_ZERO, TIFF_GREY, TIFF_RGB, TIFF_PALETTE, TIFF_CMYK, TIFF_YCBCR = 0, 1, 2, 3, 5, 6
TIFF_LOG_LUV = 32845
# LZMA, Zstandard and WebP, which OpenCV's own libtiff lacks.
TIFF_PILLOWS = (34925, 50000, 50001)
TIFF_SAMPLES = {1: 'unsigned', 2: 'signed', 3: 'float'}
OS2_LENGTH = (12).to_bytes(4, 'little')
PNM = re.compile(rb'P([1-6])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:(?:\s|#[^\n]*\n)+(\d+))?')
# JPEG segments that begin a picture.
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


class UnsuitableImage(ValueError):
    """An image whose pixels would not mean what its owner thinks; the text goes on after the file's name."""


@dataclass(frozen=True)
class ImageHeader:
    """Pixels of an image file, as its header declares them.

    Attributes:
        size: (width, height) in pixels as stored; None if only the decoder knows.
        kind: ``'plain'``: grey, colour or palette of 8 bits or less, without
            transparency, as OpenCV decodes it; ``'deep'``: more bits, signed or
            float; ``'other'``: all else.
        alpha: Whether there is transparency, of a deep image.
    """

    size: tuple[int, int] | None
    kind: Literal['plain', 'deep', 'other']
    alpha: bool = False


UNKNOWN = ImageHeader(None, 'other')


def read_header(content: bytes) -> ImageHeader:
    r"""Read the header of an image file.

    Args:
        content: The file, or its beginning.

    Raises:
        UnsuitableImage: If the header declares pixels that nothing here reads as they are meant.

    Example:
        >>> read_header(b'P5 640 480 65535\n')
        ImageHeader(size=(640, 480), kind='deep', alpha=False)
    """
    for starts, parse in PARSERS:
        if content.startswith(starts):
            try:
                return parse(content)
            except (struct.error, IndexError):
                # Cut off; the decoder says so.
                return UNKNOWN
    return UNKNOWN


def _jpeg(content: bytes) -> ImageHeader:
    for marker, at in jpeg_segments(content):
        if marker in JPEG_FRAMES:
            bits, height, width, components = struct.unpack_from('>BHHB', content, at + 2)
            if bits > 8:
                raise UnsuitableImage(f'is a JPEG of {bits} bits, which cannot be decoded; save it as a 16-bit PNG')
            return ImageHeader((width, height), 'plain' if components in (1, 3) else 'other')
    return ImageHeader(None, 'plain')


def _png(content: bytes) -> ImageHeader:
    width, height, bits, colour = struct.unpack_from('>IIBB', content, 16)
    chunks = set(_png_chunks(content))
    alpha = colour in (PNG_GREY_ALPHA, PNG_COLOUR_ALPHA) or b'tRNS' in chunks
    if bits > 8:
        return ImageHeader((width, height), 'deep', alpha)
    return ImageHeader((width, height), 'other' if alpha or b'acTL' in chunks else 'plain')


def _png_chunks(content: bytes) -> Iterator[bytes]:
    """Types of the chunks before the picture."""
    at = 8
    while at + 8 <= len(content) and (kind := content[at + 4 : at + 8]) != b'IDAT':
        yield kind
        at += 12 + int.from_bytes(content[at : at + 4], 'big')


def _bmp(content: bytes) -> ImageHeader:
    # OS/2's first header has sizes of 16 bits.
    sizes = '<HHHH' if content[14:18] == OS2_LENGTH else '<iiHH'
    width, height, _, bits = struct.unpack_from(sizes, content, 18)
    return ImageHeader((abs(width), abs(height)), 'plain' if bits in (1, 4, 8, 24) else 'other')


def _webp(content: bytes) -> ImageHeader:
    kind = content[12:16]
    if kind == b'VP8X':
        width, height = (int.from_bytes(content[at : at + 3], 'little') + 1 for at in (24, 27))
        # Transparency, animation, orientation.
        return ImageHeader((width, height), 'other' if content[20] & 0b11010 else 'plain')
    alpha = kind == b'VP8L' and content[24] & 0b10000
    return ImageHeader(None, 'plain' if kind in (b'VP8 ', b'VP8L') and not alpha else 'other')


def _pnm(content: bytes) -> ImageHeader:
    match = PNM.match(content)
    if match is None:
        return UNKNOWN
    size = (int(match[2]), int(match[3]))
    # Bitmaps have no largest value.
    largest = 1 if match[1] in (b'1', b'4') else int(match[4] or 0)
    return ImageHeader(size, 'deep' if largest > 255 else 'plain' if largest == 255 else 'other')


def _pfm(content: bytes) -> ImageHeader:
    fields = content[:100].split()
    return ImageHeader((int(fields[1]), int(fields[2])), 'deep')


def _jpeg_2000(content: bytes) -> ImageHeader:
    at = content.index(b'\xff\x51') if b'\xff\x51' in content[:4096] else len(content)
    right, bottom, left, top = struct.unpack_from('>IIII', content, at + 6)
    (components,) = struct.unpack_from('>H', content, at + 38)
    depths = {content[at + 40 + 3 * index] for index in range(min(components, 16))}
    if components > 4:
        raise UnsuitableImage(_bands(components))
    if depths <= set(range(8)):
        return ImageHeader((right - left, bottom - top), 'other')
    if depths != {15}:
        raise UnsuitableImage('is a JPEG 2000 that is signed or of an odd depth; save it as a 16-bit PNG or TIFF')
    return ImageHeader((right - left, bottom - top), 'deep', components in (2, 4))


def _tiff(content: bytes) -> ImageHeader:
    tags = _tiff_tags(content)
    if not {256, 257} <= tags.keys():
        return UNKNOWN
    size = (tags[256][0], tags[257][0])
    bits, samples = max(tags.get(258, [1])), tags.get(277, [1])[0]
    sample, photometric = TIFF_SAMPLES.get(tags.get(339, [1])[0], 'unknown'), tags.get(262, [TIFF_GREY])[0]
    extra = tags.get(338)
    colours = {TIFF_RGB: 3, TIFF_YCBCR: 3, TIFF_CMYK: 4, 8: 3, TIFF_LOG_LUV: 3}.get(photometric, 1)
    # Without the tag, what is beyond the colours is transparency.
    alpha = samples == colours + 1 and (extra in ([1], [2]) or (extra is None and colours == 3))
    if samples != colours and not alpha:
        raise UnsuitableImage(_bands(samples))
    if bits <= 8 and sample == 'unsigned':
        shown = bits == 8 and not alpha and photometric != TIFF_CMYK and photometric <= TIFF_YCBCR
        shown = shown and tags.get(259, [1])[0] not in TIFF_PILLOWS
        return ImageHeader(size, 'plain' if shown else 'other')
    if (bits, sample) not in TIFF_DEPTHS:
        raise UnsuitableImage(f'has {sample} pixels of {bits} bits; save it as a TIFF of 16 bits or float32')
    if photometric not in (TIFF_GREY, TIFF_RGB):
        raise UnsuitableImage(
            f'has {bits} bits and is no plain grey or RGB (inverted grey, palette, CMYK or LogLuv); save it as one '
            'of these'
        )
    if alpha and bits > 16:
        raise UnsuitableImage(f'has {bits} bits and is transparent; save it without transparency')
    return ImageHeader(size, 'deep', alpha)


TIFF_DEPTHS = {(8, 'signed'), (16, 'unsigned'), (16, 'signed'), (32, 'signed'), (32, 'float'), (64, 'float')}


def _tiff_tags(content: bytes) -> dict[int, list[int]]:
    """Numbers of the first directory's tags that say what a pixel is."""
    order = '<' if content[:2] == b'II' else '>'
    big = struct.unpack_from(f'{order}H', content, 2)[0] == 43
    at = struct.unpack_from(f'{order}Q' if big else f'{order}I', content, 8 if big else 4)[0]
    number = struct.unpack_from(f'{order}Q' if big else f'{order}H', content, at)[0]
    at, entry, inline = (at + 8, 20, 8) if big else (at + 2, 12, 4)
    tags = {}
    for index in range(min(number, 4096)):
        begin = at + index * entry
        tag, kind = struct.unpack_from(f'{order}HH', content, begin)
        count = struct.unpack_from(f'{order}Q' if big else f'{order}I', content, begin + 4)[0]
        letter = {1: 'B', 3: 'H', 4: 'I', 16: 'Q'}.get(kind)
        if tag not in (256, 257, 258, 259, 262, 277, 338, 339) or letter is None or not 0 < count <= 4096:
            continue
        place = begin + entry - inline
        if count * struct.calcsize(letter) > inline:
            place = struct.unpack_from(f'{order}Q' if big else f'{order}I', content, place)[0]
        tags[tag] = list(struct.unpack_from(f'{order}{count}{letter}', content, place))
    return tags


def _bands(number: int) -> str:
    return (
        f'has {number} bands, of which a model of RGB images sees three at most; write those to show to it into an '
        'RGB image'
    )


PARSERS = (
    (b'\xff\xd8\xff', _jpeg),
    (b'\x89PNG\r\n\x1a\n', _png),
    (b'BM', _bmp),
    (b'RIFF', _webp),
    ((b'II*\0', b'MM\0*', b'II+\0', b'MM\0+'), _tiff),
    ((b'Pf', b'PF'), _pfm),
    (tuple(f'P{kind}'.encode() for kind in range(1, 7)), _pnm),
    ((b'\0\0\0\x0cjP  ', b'\xff\x4f\xff\x51'), _jpeg_2000),
)
