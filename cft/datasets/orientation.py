"""Labels in the frame in which an image is shown, whatever frame they were drawn in.

A camera may store an image as its sensor saw it, and say in EXIF how to turn
it. Viewers and our readers turn it; of the tools that write labels, some do
and some do not. The size that a label file declares tells which.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmengine.logging import print_log
from PIL import Image

from cft.errors import ConfigError

TAG = 0x0112
# By the tag's value: whether rows and columns are exchanged, and what is then mirrored, from left to right and from
# top to bottom (TIFF 6.0, section 8, "Orientation").
TURNS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
FRAMES = ('stored', 'shown')

Size = tuple[int, int]


class Header(NamedTuple):
    """What an image file says of its pixels.

    Attributes:
        stored: Width and height of the pixels in the file.
        orientation: The EXIF tag, 1 to 8; 1 if there is none.
    """

    stored: Size
    orientation: int = 1

    @property
    def shown(self) -> Size:
        """Width and height after the turn."""
        return self.stored[::-1] if TURNS[self.orientation][0] else self.stored


def read_header(path: str) -> Header | None:
    """Size and orientation of an image file, without its pixels; None if they cannot be read.

    Example:
        >>> read_header('IMG_0001.jpg')  # doctest: +SKIP
        Header(stored=(4032, 3024), orientation=6)
    """
    try:
        with Image.open(path) as image:
            # Pillow turns a TIFF itself.
            size = (image.tag_v2[256], image.tag_v2[257]) if image.format == 'TIFF' else image.size
            return Header(size, orientation_of(image))
    except Exception:
        # What is wrong is said by the reader of the image.
        return None


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation of an open image, 1 to 8; 1 if there is none.

    Example:
        >>> orientation_of(Image.new('L', (4, 3)))
        1
    """
    if image.format == 'TIFF':
        exif = image.getexif()
    else:
        # Pillow takes XMP's word as well, and searches a PNG to its end for it; OpenCV does not.
        exif = Image.Exif()
        exif.load(image.info.get('exif', b''))
    found = exif.get(TAG, 1)
    return found if found in TURNS else 1


def turn_map(values: np.ndarray, orientation: int) -> np.ndarray:
    """A map of labels of the stored pixels, as the shown pixels have it.

    Args:
        values: (H, W, ...) for the stored pixels.
        orientation: EXIF's, 1 to 8.

    Example:
        >>> turn_map(np.array([[1, 2], [3, 4]]), orientation=6)
        array([[3, 1],
               [4, 2]])
    """
    transposed, mirrored, upside_down = TURNS[orientation]
    values = np.swapaxes(values, 0, 1) if transposed else values
    return values[:: -1 if upside_down else 1, :: -1 if mirrored else 1]


def turn_points(points: np.ndarray, header: Header) -> np.ndarray:
    """Places in the stored image, as the shown image has them.

    Args:
        points: (N, 2) of x, y in pixels from the upper left corner.
        header: Of the image.

    Example:
        >>> turn_points(np.array([[0, 0], [3, 2]]), Header((4, 3), orientation=6)).tolist()
        [[3, 0], [1, 3]]
    """
    transposed, *mirrored = TURNS[header.orientation]
    points = points[:, ::-1] if transposed else points
    return np.where(mirrored, np.subtract(header.shown, points), points)


def turn_box(box: Sequence[float], header: Header) -> list:
    """A box x1, y1, x2, y2 of the stored image, as the shown image has it.

    Example:
        >>> turn_box([0, 0, 3, 2], Header((4, 3), orientation=6))
        [1, 0, 3, 3]
    """
    corners = turn_points(np.reshape(box, (2, 2)), header)
    return [*corners.min(0).tolist(), *corners.max(0).tolist()]


class Labelled(NamedTuple):
    """An image and the file of its labels.

    Attributes:
        image: Path of the image.
        labels: Name of its labels, for errors.
        header: Of the image; None if it cannot be read.
        declared: Width and height that the labels are for; None if they do not say it.
    """

    image: str
    labels: str
    header: Header | None
    declared: Size | None


def label_frames(samples: Sequence[Labelled], frame: str | None, what: str) -> list[str]:
    """In which frame the labels of each image are: that of the ``'stored'`` pixels or of the ``'shown'`` ones.

    Where the image is not turned they are the same: ``'shown'``. Otherwise the
    declared size decides. Where it cannot (half a turn, a mirrored or a square
    image, no size), the labels are taken like those of the other turned images
    of the data set, which a log line says, if these agree.

    Args:
        samples: Images with the sizes that their labels declare.
        frame: ``'stored'`` or ``'shown'``, for all images; None: as above.
        what: Name of the data set, for the log.

    Raises:
        ConfigError: If ``frame`` is none of these, a declared size is neither
            that of the stored nor that of the shown pixels, or nothing tells
            the frame.

    Example:
        >>> upright = Labelled('a.jpg', 'a.xml', Header((96, 64)), declared=(96, 64))
        >>> label_frames([upright], None, 'train.txt')
        ['shown']
    """
    if frame is not None and frame not in FRAMES:
        raise ConfigError(f'label_frame must be one of {list(FRAMES)} or None, got {frame!r}')
    told = [_told_frame(sample) for sample in samples]
    turned = [index for index, sample in enumerate(samples) if sample.header and sample.header.orientation != 1]
    if not turned:
        return ['shown'] * len(samples)
    found = {told[index] for index in turned} - {None}
    untold = [index for index in turned if told[index] is None]
    if frame is None and untold and len(found) != 1:
        sample = samples[untold[0]]
        assert sample.header is not None, 'it is turned'
        reason = 'and the other turned images disagree' if found else 'and no other image tells it'
        raise ConfigError(
            f'{sample.image} is turned by its EXIF orientation {sample.header.orientation}; whether {sample.labels} '
            f'belongs to the stored or the shown pixels, its size does not tell, {reason}: set label_frame of the '
            "data set to 'stored' or 'shown'"
        )
    frames = ['shown'] * len(samples)
    for index in turned:
        frames[index] = frame or told[index] or str(next(iter(found)))
    stored = sum(frames[index] == 'stored' for index in turned)
    print_log(
        f'{what}: {len(turned)} of {len(samples)} images are turned by EXIF; the labels of {stored} belong to the '
        f'stored pixels and are turned with the image, those of {len(turned) - stored} to the shown ones'
        + (
            f'; {len(untold)} of them, whose size does not tell, are taken like the others'
            if untold and frame is None
            else ''
        ),
        'current',
    )
    return frames


def _told_frame(sample: Labelled) -> str | None:
    """The frame that the declared size is that of; None if it could be both."""
    header, declared = sample.header, sample.declared
    if header is None or declared is None:
        return None
    if declared not in (header.stored, header.shown):
        width, height = header.shown
        raise ConfigError(
            f'{sample.labels} is for an image of {declared[0]} x {declared[1]} pixels, {sample.image} has '
            f'{width} x {height}; give the image that was labelled, or correct the size'
        )
    return None if header.stored == header.shown else 'stored' if declared == header.stored else 'shown'
