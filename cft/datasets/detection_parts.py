"""A split of a detection data set, in whatever format its labels are."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cft.datasets.coco_listing import CocoListing
from cft.datasets.image_folder import SPLIT_FOLDERS, find_split_folder

SPLITS = tuple(SPLIT_FOLDERS)
SPLIT_OF = {name: split for split, names in SPLIT_FOLDERS.items() for name in names} | {'trainval': 'train'}


class Part(NamedTuple):
    """Where the labels of a split lie, and what reads them.

    Attributes:
        place: File or folder, for messages.
        read: Gives images (each ``file_name`` leads to the file), objects with boxes in pixels, and categories, in
            COCO's words. It takes the ``label_frame`` of :func:`cft.datasets.orientation.label_frames`, in which the
            labels of images are whose size no label tells; None: that of the shown pixels.
    """

    place: Path
    read: Callable[[str | None], CocoListing]


def split_of(name: str) -> str | None:
    """The split that a file's name tells, if it tells one.

    Example:
        >>> split_of('instances_train2017'), split_of('valid'), split_of('annotations')
        ('train', 'val', None)
    """
    words = [word.rstrip('0123456789') for word in re.split(r'[^0-9a-z]+', name.lower())]
    found = {SPLIT_OF[word] for word in words if word in SPLIT_OF}
    return found.pop() if len(found) == 1 else None


def split_folders(root: Path) -> dict[str, Path]:
    """Folders of the splits directly below ``root``, those that are there."""
    folders = {split: find_split_folder(root, split) for split in SPLITS}
    return {split: folder for split, folder in folders.items() if folder is not None}
