"""Images inside a page: small, few bytes, with boxes and masks drawn over them."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from .style import CLASS_COLORS

SIDE, LARGE = 240, 400  # pixels of the longer side: 8 and 20 kB as JPEG
_QUALITY = 80
_SMALL = 64  # an image below it is enlarged by whole pixels


@dataclass(frozen=True)
class Box:
    """A rectangle over a picture, as parts of its width and height.

    Attributes:
        left: From the left edge.
        top: From the upper edge.
        width: Of the box.
        height: Of the box.
        label: Class, and the score of a prediction.
        kind: ``'true'``, or ``'predicted'``.
    """

    left: float
    top: float
    width: float
    height: float
    label: str
    kind: str


@dataclass(frozen=True)
class Picture:
    """An image of a page.

    Attributes:
        image: RGB.
        caption: Below it; also what is read instead of it.
        boxes: Over it.
        wrong: Whether it shows a mistake.
    """

    image: Image.Image
    caption: str
    boxes: Sequence[Box] = ()
    wrong: bool = False

    @property
    def uri(self) -> str:
        """The image as text."""
        return data_uri(thumbnail(self.image, LARGE if self.boxes else SIDE))

    @property
    def height(self) -> float:
        """As a part of the width, times 100: of the coordinates of the boxes."""
        return round(100 * self.image.height / self.image.width, 2)


def picture_of(pixels: np.ndarray) -> Image.Image:
    """Pixels as an RGB image.

    Args:
        pixels: (H, W), (H, W, 1) or (H, W, 3) in the order R, G, B; other than
            8 bits are stretched from the smallest to the largest value.

    Example:
        >>> picture_of(np.zeros((4, 6, 1), dtype=np.uint16)).size
        (6, 4)
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        values = np.nan_to_num(pixels.astype(np.float64))
        span = values.max() - values.min()
        pixels = (255 * (values - values.min()) / (span or 1.0)).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = pixels[..., 0]
    return Image.fromarray(pixels).convert('RGB')


def thumbnail(image: Image.Image, side: int = SIDE) -> Image.Image:
    """The image with a longer side of at most ``side``; a tiny one is enlarged by a whole factor, pixels visible."""
    image = image.convert('RGB')
    longer = max(image.size)
    if longer <= min(_SMALL, side // 2):
        factor = side // 2 // longer
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    if longer <= side:
        return image
    size = (max(1, round(image.width * side / longer)), max(1, round(image.height * side / longer)))
    return image.resize(size, Image.Resampling.LANCZOS)


def data_uri(image: Image.Image, quality: int = _QUALITY) -> str:
    """An image as the text of a JPEG, for the ``src`` of an element."""
    stream = io.BytesIO()
    image.convert('RGB').save(stream, format='JPEG', quality=quality, optimize=True)
    return 'data:image/jpeg;base64,' + base64.b64encode(stream.getvalue()).decode('ascii')


def sprite(images: Sequence[Image.Image], side: int, columns: int) -> Image.Image:
    """Images as squares of one, row by row.

    Example:
        >>> sprite([Image.new('RGB', (8, 8))] * 5, side=16, columns=4).size
        (64, 32)
    """
    sheet = Image.new('RGB', (side * min(columns, len(images)), side * -(-len(images) // columns)), 'white')
    for number, image in enumerate(images):
        small = thumbnail(image, side)
        if max(small.size) < side:
            small = small.resize((side, round(side * small.height / small.width)), Image.Resampling.NEAREST)
            small.thumbnail((side, side))
        left = side * (number % columns) + (side - small.width) // 2
        sheet.paste(small, (left, side * (number // columns) + (side - small.height) // 2))
    return sheet


def overlay(image: Image.Image, mask: np.ndarray, blank: Sequence[int] = (), strength: float = 0.6) -> Image.Image:
    """A pale grey image under the colours of a mask.

    Args:
        image: RGB.
        mask: (H, W) class indices; negative ones and 255 have no colour.
        blank: Classes that have none either, such as the background.
        strength: Of the colour, 0 to 1.

    Example:
        >>> overlay(Image.new('RGB', (2, 1)), np.array([[1, 255]]), strength=1.0).getpixel((0, 0))
        (136, 204, 238)
    """
    mask = np.asarray(Image.fromarray(np.asarray(mask, dtype=np.int32)).resize(image.size, Image.Resampling.NEAREST))
    palette = np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in CLASS_COLORS], dtype=float)
    known = (mask >= 0) & (mask != 255) & ~np.isin(mask, list(blank))
    pixels = 96 + 0.6 * np.asarray(image.convert('L').convert('RGB'), dtype=float)
    colored = pixels * (1 - strength) + palette[mask % len(palette)] * strength
    return Image.fromarray(np.uint8(np.where(known[..., None], colored, pixels)))
