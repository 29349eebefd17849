"""Pixels of images that are in memory, as those of a file are read."""

import numpy as np
from PIL import Image

from cft.datasets.orientation import orientation_of, turn_map
from cft.errors import DataError

COLOURLESS = ('I', 'F')


def pixels_of(image: Image.Image | np.ndarray, name: str = 'an image') -> np.ndarray:
    """Pixels of an image in memory, by the rules of image files: turned as EXIF says, over white, of any depth.

    Args:
        image: A Pillow image, at its present frame; or an array (H, W), (H, W, 1), (H, W, 3) in the order R, G, B, or
            (H, W, 4) with transparency, of unsigned, signed or float numbers. OpenCV's arrays are B, G, R: give
            ``image[..., ::-1]``.
        name: For the errors.

    Returns:
        (H, W, 3) B, G, R: uint8, or of another type what a ``value_range`` has still to scale.

    Raises:
        DataError: If it has no pixels, another shape or type, values that are
            no numbers, more than 8 bits and transparency, or 16 bits of which
            Pillow would keep 8.

    Example:
        >>> pixels_of(np.array([[[255, 0, 0]]], np.uint8)).tolist()
        [[[0, 0, 255]]]
        >>> pixels_of(Image.new('LA', (1, 1), (0, 0))).tolist()
        [[[255, 255, 255]]]
    """
    array = _array_of(image, name) if isinstance(image, Image.Image) else image
    if array.dtype.kind not in 'uif':
        raise DataError(f'{name} has values of type {array.dtype}; give unsigned, signed or float numbers')
    # As a big-endian file may hand it over.
    array = array.astype(array.dtype.newbyteorder('='), copy=False)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise DataError(f'{name} has the shape {array.shape}; give (H, W), (H, W, 3) or (H, W, 4), R, G, B')
    if array.dtype.kind == 'f' and not np.isfinite(array).all():
        raise DataError(f'{name} has pixels that are infinite or no number; write a value into them')
    if array.shape[2] == 4:
        array = _over_white(array, name)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[..., ::-1].copy()


def _array_of(image: Image.Image, name: str) -> np.ndarray:
    cut = [tile for tile in getattr(image, 'tile', ()) if '16' in str(tile[3])]
    if cut and not image.mode.startswith(COLOURLESS):
        raise DataError(f'{name} has 16 bits, of which Pillow keeps 8; give the path of the file')
    try:
        # Pillow turns a TIFF itself while it loads.
        orientation = 1 if image.format == 'TIFF' else orientation_of(image)
        if not image.mode.startswith(COLOURLESS):
            clear = image.mode in ('RGBA', 'LA', 'PA', 'RGBa', 'La') or 'transparency' in image.info
            image = image.convert('RGBA' if clear else 'RGB')
        return turn_map(np.asarray(image), orientation)
    except Exception as error:
        # Pillow reads a file only now, and each format has errors of its own.
        raise DataError(f'{name} is no readable image ({error}); repair it or leave it out') from error


def _over_white(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype != np.uint8:
        raise DataError(f'{name} has more than 8 bits and transparency; give it without transparency')
    shown = Image.fromarray(np.ascontiguousarray(array))
    return np.asarray(Image.alpha_composite(Image.new('RGBA', shown.size, 'white'), shown).convert('RGB'))
