"""Image files of every depth and kind, byte by byte where a library writes them its own way."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def png(pixels: np.ndarray, colour: int, before: dict[bytes, bytes] | None = None) -> bytes:
    """A PNG of 8 or 16 bits; ``before`` are chunks that stand before the picture."""
    height, width = pixels.shape[:2]
    big = pixels.astype(pixels.dtype.newbyteorder('>'))
    rows = b''.join(b'\0' + row.tobytes() for row in big)
    header = struct.pack('>IIBBBBB', width, height, 8 * pixels.itemsize, colour, 0, 0, 0)
    chunks = {b'IHDR': header, **(before or {}), b'IDAT': zlib.compress(rows), b'IEND': b''}
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        for kind, data in chunks.items()
    )


def tiff(pixels: np.ndarray, photometric: int | None = None, extra: int | None = None, order: str = '<') -> bytes:
    """An uncompressed TIFF of one strip; (H, W) or (H, W, bands) of any numeric type."""
    height, width, *rest = pixels.shape
    bands = rest[0] if rest else 1
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    sample = {'u': 1, 'i': 2, 'f': 3}[pixels.dtype.kind]
    tags: dict[int, list[int]] = {
        256: [width], 257: [height], 258: [8 * pixels.itemsize] * bands, 259: [1],
        262: [photometric if photometric is not None else 2 if bands in (3, 4) else 1],
        273: [8], 277: [bands], 278: [height], 279: [len(data)], 284: [1],
        **({} if extra is None else {338: [extra] * (bands - 3 if bands > 3 else bands - 1)}),
        339: [sample] * bands,
    }  # fmt: skip
    at = 8 + len(data) + len(data) % 2
    beyond, entries = at + 2 + 12 * len(tags) + 4, b''
    values = b''
    for tag, numbers in sorted(tags.items()):
        kind, letter = (4, 'I') if tag in (256, 257, 273, 278, 279) else (3, 'H')
        packed = struct.pack(f'{order}{len(numbers)}{letter}', *numbers)
        if len(packed) > 4:
            place = struct.pack(f'{order}I', beyond + len(values))
            values += packed + b'\0' * (len(packed) % 2)
        else:
            place = packed.ljust(4, b'\0')
        entries += struct.pack(f'{order}HHI', tag, kind, len(numbers)) + place
    head = (b'II' if order == '<' else b'MM') + struct.pack(f'{order}HI', 42, at)
    return head + data + b'\0' * (len(data) % 2) + struct.pack(f'{order}H', len(tags)) + entries + b'\0\0\0\0' + values


def pnm(pixels: np.ndarray, largest: int) -> bytes:
    """A binary PGM or PPM."""
    kind = 5 if pixels.ndim == 2 else 6
    head = f'P{kind}\n# made by a scanner\n{pixels.shape[1]} {pixels.shape[0]}\n{largest}\n'
    return head.encode() + pixels.astype('>u2' if largest > 255 else np.uint8).tobytes()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """What Pillow writes."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()
