"""Name the image file that cannot be read, or put another image in its place."""

from collections.abc import Callable

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine import fileio
from torch.utils.data import Dataset

from cft.datasets.sample_infos import parts_of
from cft.datasets.substitutes import Substitutes
from cft.errors import DataError

JPEG_START, JPEG_SCAN, JPEG_END = b'\xff\xd8\xff', b'\xff\xda', b'\xff\xd9'


def read_image(
    path: str, decode: Callable[[bytes], np.ndarray | None] = mmcv.imfrombytes, **options: object
) -> np.ndarray:
    """Pixels of an image file, whole or not at all.

    Args:
        path: Of the file.
        decode: From bytes to pixels.
        options: Those of ``mmengine.fileio.get``.

    Returns:
        (H, W, C) as ``decode`` gives it.

    Raises:
        DataError: If the file is missing, empty, cut off or no image.

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
    except Exception as error:
        # Each decoder has errors of its own.
        raise DataError(f'{path} is no readable image ({error}); repair it or leave it out of the data set') from error
    if image is None:
        raise DataError(f'{path} is no readable image; repair it or leave it out of the data set')
    return image


def is_cut_off(content: bytes) -> bool:
    """Whether a JPEG ends before its picture does; other formats are left to their decoders.

    OpenCV before 4.12 fills what is missing with grey, without an error. The
    end marker cannot occur within the picture; a thumbnail has one, but before
    the picture begins. Bytes after the end are allowed.

    Example:
        >>> is_cut_off(b'\\xff\\xd8\\xff...\\xff\\xda...\\xff\\xd9'), is_cut_off(b'\\xff\\xd8\\xff...\\xff\\xda...')
        (False, True)
    """
    if not content.startswith(JPEG_START) or content.endswith(JPEG_END):
        return False
    return content.rfind(JPEG_END) < content.rfind(JPEG_SCAN)


class LoadWholeImage(BaseTransform):
    """``LoadImageFromFile`` that names the file it cannot use, or takes another one.

    Args:
        load: Whose settings hold.
        substitutes: Where other images come from; None: an unreadable file is an error.
    """

    def __init__(self, load: LoadImageFromFile, substitutes: Substitutes | None = None) -> None:
        self.load = load
        self.substitutes = substitutes

    def transform(self, results: dict) -> dict | None:
        """Add ``img``, ``img_shape`` and ``ori_shape`` to the sample.

        Raises:
            DataError: Naming the file.
        """
        return self._read(results) if self.substitutes is None else self.substitutes.read(results, self._read)

    def _read(self, results: dict) -> dict:
        image = read_image(results['img_path'], self._decode, backend_args=self.load.backend_args)
        results['img'] = image.astype(np.float32) if self.load.to_float32 else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _decode(self, content: bytes) -> np.ndarray | None:
        return mmcv.imfrombytes(content, flag=self.load.color_type, backend=self.load.imdecode_backend)


def guard_images(dataset: Dataset, max_skipped: int | None = None) -> list[Substitutes]:
    """Let the pipelines of a data set name the image files that they cannot read.

    Acts on pipelines that begin with ``LoadImageFromFile``, inside wrappers as
    well. The config stays as it is, so that OpenMMLab's inferencers take it.

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
        load = transforms[0].load if isinstance(transforms[0], LoadWholeImage) else transforms[0]
        # Subclasses read something else; ignore_empty and old file clients have rules of their own.
        if type(load) is not LoadImageFromFile or load.ignore_empty or load.file_client_args is not None:
            continue
        substitutes = None if max_skipped is None else Substitutes(part, indices, max_skipped)
        transforms[0] = LoadWholeImage(load, substitutes)
        guarded += [] if substitutes is None else [substitutes]
    return guarded
