"""Name the image file that cannot be read, or put another image in its place."""

import copy
import os
from collections.abc import Callable
from typing import Any

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio
from torch.utils.data import Dataset

from cft.datasets.image_decoding import decode_image
from cft.datasets.image_headers import UnsuitableImage, read_header
from cft.datasets.jpeg_segments import is_cut_off
from cft.datasets.sample_infos import parts_of, sample_infos
from cft.datasets.substitutes import Substitutes
from cft.errors import DataError

Decode = Callable[[bytes], np.ndarray | None]
LOOKED_AT = 50
# Of all formats but TIFF; a photograph's thumbnail may stand within it.
HEADER = 1 << 16


def read_image(path: str, decode: Decode = decode_image, **options: object) -> np.ndarray:
    """Pixels of an image file, whole and as they are meant, or not at all.

    Args:
        path: Of the file.
        decode: From bytes to pixels; an :class:`UnsuitableImage` that it raises says what does not fit.
        options: Those of ``mmengine.fileio.get``.

    Returns:
        (H, W, C) as ``decode`` gives it.

    Raises:
        DataError: If the file is missing, empty, cut off, no image or one that is not read.

    Example:
        >>> read_image('rose.jpg').shape  # doctest: +SKIP
        (480, 640, 3)
    """
    try:
        content = fileio.get(path, **options)
    except FileNotFoundError as error:
        raise DataError(f'{path} does not exist; restore it or leave it out of the data set') from error
    except OSError as error:
        raise DataError(
            f'{path} cannot be read: {error.strerror or error}; check the file and its permissions'
        ) from error
    if not content:
        raise DataError(f'{path} is empty; restore it or leave it out of the data set')
    if is_cut_off(content):
        raise DataError(f'{path} is cut off: the JPEG has no end; copy it again or leave it out of the data set')
    try:
        image = decode(content)
    except UnsuitableImage as error:
        raise DataError(f'{path} {error}') from error
    except Exception as error:
        # Each decoder has errors of its own.
        raise DataError(f'{path} is no readable image ({error}); repair it or leave it out of the data set') from error
    if image is None:
        raise DataError(f'{path} is no readable image; repair it or leave it out of the data set')
    return image


class ImageReader(BaseTransform):
    """Read the image of a sample, or of the next sample that has a readable one.

    Args:
        decode: As of :func:`read_image`.
        backend_args: Where the files are, as of ``mmengine.fileio.get``.
        to_float32: Turn the values into float32.
    """

    def __init__(
        self, decode: Decode = decode_image, backend_args: dict | None = None, to_float32: bool = False
    ) -> None:
        self.decode = decode
        self.backend_args = backend_args
        self.to_float32 = to_float32
        self.substitutes: Substitutes | None = None

    def transform(self, results: dict) -> dict:
        """Add ``img``, ``img_shape`` and ``ori_shape`` to the sample.

        Raises:
            DataError: Naming the file.
        """
        return self._read(results) if self.substitutes is None else self.substitutes.read(results, self._read)

    def _read(self, results: dict) -> dict:
        image = read_image(results['img_path'], self.decode, backend_args=self.backend_args)
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results


class DecodeAs:
    """Decode as mmcv's ``LoadImageFromFile`` is told to, but refuse an image of which that loses something.

    Args:
        load: Its settings hold. With those it has by default, images come as :func:`decode_image` gives them.
    """

    def __init__(self, load: LoadImageFromFile) -> None:
        self.flag, self.backend = load.color_type, load.imdecode_backend

    def __call__(self, content: bytes) -> np.ndarray | None:
        if self.flag != 'unchanged' and read_header(content).kind == 'deep':
            raise UnsuitableImage(
                'has more than 8 bits a pixel, is signed or float: begin the pipelines with '
                "dict(type='cft.LoadImage', value_range=(BLACK, WHITE))"
            )
        if (self.flag, self.backend) == ('color', 'cv2'):
            return decode_image(content)
        return mmcv.imfrombytes(content, flag=self.flag, backend=self.backend)


def checked_reader(load: Any) -> ImageReader | None:
    """A reader in the place of mmcv's ``LoadImageFromFile``; readers stay, None for any other transform.

    Args:
        load: The first transform of a pipeline.

    Example:
        >>> checked_reader(LoadImageFromFile(to_float32=True)).to_float32
        True
    """
    # Subclasses read something else; ignore_empty and old file clients have rules of their own.
    if type(load) is LoadImageFromFile and not load.ignore_empty and load.file_client_args is None:
        return ImageReader(DecodeAs(load), load.backend_args, load.to_float32)
    return load if isinstance(load, ImageReader) else None


def guard_images(dataset: Dataset, max_skipped: int | None = None) -> list[Substitutes]:
    """Let the pipelines of a data set name the image files that they cannot read.

    Acts on pipelines that begin with ``cft.LoadImage`` or mmcv's
    ``LoadImageFromFile``, inside wrappers as well.

    Args:
        dataset: Changed in place.
        max_skipped: Put other images in the place of up to so many unreadable
            ones; None: the first one is an error.

    Returns:
        What tells the unreadable images, one for each data set inside; nothing
        with ``max_skipped=None``.

    Example:
        >>> guard_images(ImageFolder('flowers', pipeline=[dict(type='LoadImageFromFile')]))  # doctest: +SKIP
        []
    """
    guarded = []
    for part, indices in parts_of(dataset):
        transforms = getattr(getattr(part, 'pipeline', None), 'transforms', None) or [None]
        reader = checked_reader(transforms[0])
        if reader is None:
            continue
        substitutes = None if max_skipped is None else Substitutes(part, indices, max_skipped)
        transforms[0], reader.substitutes = reader, substitutes
        guarded += [] if substitutes is None else [substitutes]
    return guarded


def look_ahead(dataset: Dataset) -> None:
    """Read images that are not plain, of up to 50 across a data set, before hours pass until they are met.

    Only the headers of the others are looked at. A file that is not there, or
    not local, is left to its turn.

    Args:
        dataset: Wrappers are looked through.

    Raises:
        DataError: If one of them is not read as it is meant, such as one of 16
            bits without a ``value_range``.

    Example:
        >>> look_ahead(runner.val_dataloader.dataset)  # doctest: +SKIP
    """
    for part, indices in parts_of(dataset):
        transforms = getattr(getattr(part, 'pipeline', None), 'transforms', None) or [None]
        reader = copy.copy(checked_reader(transforms[0]))
        if reader is None:
            continue
        reader.substitutes = None
        spread = np.unique(np.linspace(0, len(indices) - 1, min(len(indices), LOOKED_AT)).astype(int))
        for info in sample_infos(part, np.asarray(indices)[spread]):
            if not _is_plain(info.get('img_path')):
                reader.transform({'img_path': info['img_path']})


def _is_plain(path: str | None) -> bool:
    if path is None or not os.path.isfile(path):
        return True
    try:
        with open(path, 'rb') as file:
            content = file.read(HEADER)
            # A TIFF may have its header at the end.
            content += file.read() if content.startswith((b'II', b'MM')) else b''
        return not content or read_header(content).kind == 'plain'
    except OSError:
        return True
    except UnsuitableImage:
        return False
