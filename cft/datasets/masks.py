"""Maps of class indices as image files keep them."""

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from mmengine import fileio
from PIL import Image

from cft.datasets.orientation import orientation_of
from cft.errors import DataError

TOOL = 'tools/datasets/convert_masks.py'
# Pillow stretches grey values of 2 and 4 bits to 0 to 255.
STRETCHED = {'L;2': 85, 'L;4': 17}

Color = tuple[int, ...]


class Mask(NamedTuple):
    """A map of class indices.

    Attributes:
        labels: (H, W) uint8, as stored.
        palette: (N, 3) uint8 colours of the indices; None for a grey image.
        orientation: EXIF's, 1 to 8.
    """

    labels: np.ndarray
    palette: np.ndarray | None
    orientation: int


def read_mask(path: str, backend_args: dict | None = None) -> Mask:
    """Read a mask from a file in which a pixel's value is its class.

    Args:
        path: Of the file.
        backend_args: Of ``mmengine.fileio.get``.

    Raises:
        DataError: If the file is unreadable, compressed with losses, or its
            values are colours or have more than 8 bits.

    Example:
        >>> read_mask('SegmentationClass/2007_000032.png').labels.max()  # doctest: +SKIP
        255
    """
    try:
        with Image.open(io.BytesIO(fileio.get(path, backend_args=backend_args))) as image:
            depth = STRETCHED.get(str(image.tile[0][3]), 1) if image.tile else 1
            orientation = orientation_of(image)
            mode, kind, values = image.mode, image.format, np.array(image)
            palette = image.getpalette('RGB') if mode == 'P' else None
    except Exception as error:
        # Each decoder has errors of its own.
        raise DataError(f'{path} is no readable mask ({error}); repair it or leave it out of the list') from error
    if mode.startswith(('I', 'F')):
        raise DataError(f'{path} has more than 8 bits a pixel (mode {mode}); save class indices of 0 to 255')
    if values.ndim != 2:
        raise DataError(
            f'{path} has {values.shape[-1]} channels; a mask has one, of class indices: convert colours with {TOOL}'
        )
    if kind == 'JPEG':
        raise DataError(f'{path} is a JPEG, whose compression changes labels at the edges; save masks as PNG')
    colors = None if palette is None else np.array(palette, np.uint8).reshape(-1, 3)
    labels = values.astype(np.uint8, copy=False)
    return Mask(labels if depth == 1 else labels // depth, colors, orientation)


def labels_in(labels: np.ndarray) -> np.ndarray:
    """Sorted values that occur in a map of uint8."""
    return np.flatnonzero(np.bincount(labels.ravel(), minlength=256))


def new_labels(reduce_zero_label: bool, label_map: dict[int, int] | None) -> np.ndarray | None:
    """What each of the 256 labels becomes by mmseg's two settings; None if they stay.

    Example:
        >>> new_labels(True, None)[[0, 1, 255]].tolist()
        [255, 0, 255]
    """
    if not reduce_zero_label and label_map is None:
        return None
    moved: np.ndarray = np.arange(256)
    if reduce_zero_label:
        moved = np.where((moved == 0) | (moved == 255), 255, moved - 1)
    if label_map is not None:
        moved = np.array([label_map.get(int(label), int(label)) for label in moved])
    return moved.astype(np.uint8)


class Palettes:
    """Whether the colours of masks mean the same class in all of them.

    Some tools number the colours of each file anew, so that index 1 is one
    class in one file and another class in the next; the colours tell it.

    Args:
        classes: Names of the classes, or their numbers.
        expected: Colour of each class; None or of another length: unknown.

    Example:
        >>> palettes = Palettes(('none', 'rose'), [(0, 0, 0), (255, 0, 0)])
        >>> palettes.check('a.png', np.array([0, 1]), np.array([[0, 0, 0], [255, 0, 0]], np.uint8))
    """

    def __init__(self, classes: Sequence[object], expected: Sequence[Sequence[int]] | None = None) -> None:
        self.classes = tuple(classes)
        known = expected if expected is not None and len(expected) == len(self.classes) else ()
        self._expected: Mapping[Color, int] = {tuple(map(int, color)): label for label, color in enumerate(known)}
        self._own = {label: color for color, label in self._expected.items()}
        self._seen: dict[int, tuple[Color, str]] = {}

    def check(self, path: str, used: np.ndarray, palette: np.ndarray | None) -> None:
        """Compare the colours of one mask with ``expected`` and with the masks before.

        Args:
            path: Of the mask.
            used: Indices that occur in it.
            palette: (N, 3) colours; None for a grey mask, which has none.

        Raises:
            DataError: If an index has the colour of another class, or another
                colour than in a mask before.
        """
        if palette is None:
            return
        for index in used[used < len(palette)].tolist():
            color = tuple(palette[index].tolist())
            meant = self._expected.get(color, index)
            if meant != index and self._own.get(index) != color:
                raise DataError(
                    f'{path} has index {index} in the colour {color}, which metainfo.palette gives class {meant} '
                    f'({self.classes[meant]}); convert the masks by their colours with {TOOL}'
                )
            before, where = self._seen.setdefault(index, (color, path))
            if before != color:
                raise DataError(
                    f'index {index} has the colour {color} in {path} and {before} in {where}, so that it may not be '
                    f'one class; convert the masks by their colours with {TOOL}'
                )
