"""From the bytes of an image file to its pixels: the one place where images are decoded."""

import functools
import io
import warnings

import cv2
import numpy as np
from PIL import Image

from cft.datasets.image_headers import ImageHeader, UnsuitableImage, read_header
from cft.datasets.orientation import orientation_of, turn_map

# Above every camera, below what Pillow takes for an attack; as RGB it is half a gigabyte, in each worker process.
MAX_PIXELS = 175_000_000
TOO_LARGE = f'more than the {MAX_PIXELS // 10**6} million pixels that are read at once; shrink it or cut it into tiles'
# What is in the files counts, not their names; formats of which a file can start other programs are not among them.
PILLOW_FORMATS = (
    'AVIF', 'BMP', 'DDS', 'DIB', 'GIF', 'ICO', 'JPEG', 'JPEG2000', 'MPO', 'PCX', 'PNG', 'PPM', 'PSD', 'QOI', 'SGI',
    'SUN', 'TIFF', 'WEBP',
)  # fmt: skip
SUFFIXES = (
    '.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.apng', '.bmp', '.dib', '.ppm', '.pgm', '.pbm', '.pnm', '.pfm', '.tif',
    '.tiff', '.webp', '.gif', '.avif', '.jp2', '.j2k', '.j2c', '.jpc', '.jpf', '.jpx', '.mpo', '.pcx', '.psd', '.qoi',
    '.ras', '.sgi', '.dds', '.ico',
)  # fmt: skip


def decode_image(content: bytes) -> np.ndarray | None:
    """Decode an image as a viewer shows it, of any depth.

    Turned as its EXIF orientation says; the first frame of an animation; what is
    transparent over white; CMYK and palettes as RGB. 8-bit grey and RGB come
    from OpenCV, bit for bit as mmcv reads them.

    Args:
        content: The file.

    Returns:
        (H, W, 3) B, G, R: uint8, or the file's own type (uint16, int16, float32
        ...) where it has more than 8 bits, is signed or float. None if
        OpenCV cannot decode it.

    Raises:
        UnsuitableImage: If it is larger than 175 million pixels, has more
            bands than colours and transparency, a depth that is not read, or
            values that are no numbers.
        Exception: Of Pillow, if it cannot decode it.

    Example:
        >>> content = cv2.imencode('.png', np.full((2, 3), 4095, np.uint16))[1].tobytes()
        >>> decode_image(content).shape, decode_image(content).dtype, decode_image(content).max()
        ((2, 3, 3), dtype('uint16'), np.uint16(4095))
    """
    header = read_header(content)
    if header.size is not None:
        _check_size(header.size)
    if header.kind == 'plain':
        return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return _deep(content, header) if header.kind == 'deep' else _shown(content)


def _check_size(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise UnsuitableImage(f'has {size[0]} x {size[1]} pixels, {TOO_LARGE}')


def _deep(content: bytes, header: ImageHeader) -> np.ndarray | None:
    buffer = np.frombuffer(content, np.uint8)
    image = cv2.imdecode(buffer, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if image is None:
        return None
    if header.alpha:
        stored = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
        # Where white lies is not known before the values are scaled.
        if (
            stored is None
            or stored.ndim != 3
            or stored.shape[2] != 4
            or np.any(stored[..., 3] != np.iinfo(np.uint16).max)
        ):
            raise UnsuitableImage('has more than 8 bits and is transparent; save it without transparency')
    if image.dtype.kind == 'f' and not np.isfinite(image).all():
        raise UnsuitableImage('has pixels that are infinite or no number; write a value into them')
    return np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2) if image.ndim == 2 else image[..., :3]


def _shown(content: bytes) -> np.ndarray:
    with warnings.catch_warnings():
        # Of Pillow's limit, and of tags that nothing here uses.
        warnings.simplefilter('ignore')
        try:
            image: Image.Image = Image.open(io.BytesIO(content), formats=_formats())
        except Image.DecompressionBombError as error:
            raise UnsuitableImage(f'is too large, {TOO_LARGE}') from error
        with image:
            _check_size(image.size)
            if image.mode.startswith(('I', 'F')):
                raise UnsuitableImage(f'has more than 8 bits in a {image.format} file; save it as a PNG or TIFF')
            # Pillow turns a TIFF itself while it loads, and would take XMP's word, which OpenCV and labels do not.
            orientation = 1 if image.format == 'TIFF' else orientation_of(image)
            if image.mode in ('RGBA', 'LA', 'PA', 'RGBa') or 'transparency' in image.info:
                image = image.convert('RGBA')
                image = Image.alpha_composite(Image.new('RGBA', image.size, 'white'), image)
            return turn_map(np.asarray(image.convert('RGB')), orientation)[..., ::-1].copy()


@functools.cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in PILLOW_FORMATS if name in Image.OPEN)
