"""Sizes of images whose labels do not tell them."""

from cft.datasets.image_errors import read_image
from cft.datasets.orientation import read_header


def size_in_frame(path: str, frame: str | None = None) -> tuple[int, int]:
    """Width and height of an image.

    Args:
        path: Of the file.
        frame: ``'stored'``: as the file has it; otherwise as viewers show it, turned as its EXIF orientation says.

    Raises:
        DataError: If it cannot be read.

    Example:
        >>> size_in_frame('IMG_0001.jpg')  # doctest: +SKIP
        (3024, 4032)
    """
    header = read_header(path)
    if header is not None:
        return header.stored if frame == 'stored' else header.shown
    height, width = read_image(path).shape[:2]
    return width, height
