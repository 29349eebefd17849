"""Images with labelled objects, of whatever tool, and what of its export was not taken."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cft.datasets.box_checks import fit_box
from cft.datasets.coco_listing import MOST_PIXELS
from cft.datasets.coco_masks import LEAST_COORDINATES, check_mask
from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.synthetic.coco_annotations import run_lengths
from cft.errors import ConfigError


def find_image(places: Iterable[Path]) -> Path | None:
    """The first of these that is a file with the suffix of an image.

    Example:
        >>> find_image([Path('nowhere/1.jpg')]) is None
        True
    """
    return next((path for path in places if path.suffix.lower() in SUFFIXES and path.is_file()), None)


@dataclass
class LabelledImage:
    """An image and its objects.

    Args:
        file: Of the image.
        name: Below the folder of the images, with its suffix; each image has its own.
        size: Width and height of the image that was labelled, in pixels.
        split: ``'train'``, ``'val'`` or ``'test'``.
        objects: As COCO's annotations, with the name of the class as ``label`` instead of a category.
    """

    file: Path
    name: str
    size: tuple[int, int]
    split: str = 'train'
    objects: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        width, height = self.size
        if not (width > 0 and height > 0 and width * height <= MOST_PIXELS):
            raise ConfigError(f'{self.file} is labelled as an image of {width} x {height} pixels; correct its size')


@dataclass
class Export:
    """What an export holds.

    Args:
        images: Those that are there.
        classes: Names in the order that the tool gives, or sorted.
        read: What was read, in words, with its number.
        skipped: Numbers of what is not taken, by reason.
        changed: Numbers of what is taken otherwise than it was drawn, by how.
        missing: Names of images that are not there.
    """

    images: list[LabelledImage] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)

    def leave_out(self, name: str, shapes: int) -> None:
        """An image that is missing, with its shapes."""
        self.missing.append(name)
        self.skipped['missing images'] += 1
        self.skipped['shapes of missing images'] += shapes

    def add_box(self, image: LabelledImage, label: str, corners: list[float]) -> None:
        """Take a box x1, y1, x2, y2 in pixels, or say why not."""
        try:
            _, sticks_out = fit_box(corners, *image.size)
        except ValueError as error:
            self.skipped[_reason(error)] += 1
            return
        self.changed['boxes that stick out of their image, cut off when they are read'] += sticks_out
        image.objects.append({'label': label, **_box(corners)})

    def add_outlines(self, image: LabelledImage, label: str, outlines: list[list[float]]) -> None:
        """Take an object of one or several outlines x1, y1, x2, y2, ... in pixels, or say why not."""
        drawn = [outline for outline in outlines if len(outline) >= LEAST_COORDINATES]
        if len(drawn) < len(outlines):
            self.skipped['outlines of less than three points'] += len(outlines) - len(drawn)
        if not drawn:
            return
        xs, ys = [x for outline in drawn for x in outline[0::2]], [y for outline in drawn for y in outline[1::2]]
        corners = [min(xs), min(ys), max(xs), max(ys)]
        try:
            _, sticks_out = fit_box(corners, *image.size)
            mask = check_mask(drawn, corners, *image.size)
        except ValueError as error:
            self.skipped[_reason(error)] += 1
            return
        self.changed['outlines that stick out of their image, cut off when they are read'] += sticks_out
        area = sum(_area(outline) for outline in drawn)
        image.objects.append(
            {'label': label, **_box(corners), 'segmentation': mask, **({'area': area} if area else {})}
        )

    def add_pixels(self, image: LabelledImage, label: str, corner: tuple[int, int], pixels: np.ndarray) -> None:
        """Take an object of the (H, W) bool pixels whose upper left one is at the corner, or say why not."""
        width, height = image.size
        left, top = corner
        if left < 0 or top < 0 or left + pixels.shape[1] > width or top + pixels.shape[0] > height:
            self.skipped['masks that lie outside of their image'] += 1
            return
        if not pixels.any():
            self.skipped['masks without a pixel'] += 1
            return
        whole = np.zeros((height, width), bool)
        whole[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
        corners = [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
        image.objects.append(
            {'label': label, **_box(corners), 'segmentation': run_lengths(whole), 'area': int(whole.sum())}
        )


def _box(corners: list) -> dict:
    x1, y1, x2, y2 = corners
    return {'bbox': [x1, y1, x2 - x1, y2 - y1]}


def _area(outline: list[float]) -> float:
    """Of a polygon, by the shoelace formula."""
    xs, ys = np.asarray(outline[0::2], float), np.asarray(outline[1::2], float)
    return float(abs(np.dot(xs, np.roll(ys, -1)) - np.dot(ys, np.roll(xs, -1)))) / 2


def _reason(error: ValueError) -> str:
    """What is wrong of a box or an outline, without its numbers."""
    text = str(error)
    if 'beyond the' in text:
        return 'objects more than half of which lie outside of their image'
    for part in ('no place', 'no area', 'fractions of the image'):
        if part in text:
            return f'objects with {part}'
    return f'outlines with {text}'
