"""Label files of YOLO (Redmon et al., "You Only Look Once", CVPR 2016, as Ultralytics writes them)."""

from collections.abc import Sequence
from pathlib import Path

from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError

# Coordinates are rounded when they are written.
ROUNDING = 1e-4
BOX_VALUES = 4
LEAST_COORDINATES = 6


def read_yolo_labels(path: str | Path, size: tuple[int, int], classes: Sequence[str]) -> list[dict]:
    r"""The objects of one image, in COCO's words.

    A line is ``class x y width height``, the centre and the sides of a box, or
    ``class x1 y1 x2 y2 x3 y3 ...``, the outline of an object; all but the class
    are fractions of the image's sides. A file without lines is of an image
    without objects.

    Args:
        path: Of the text file.
        size: Width and height of the image, in pixels.
        classes: Names by number.

    Returns:
        Dicts with ``category_id`` (the class as it stands), ``bbox`` (x, y,
        width, height in pixels) and, of an outline, ``segmentation``.

    Raises:
        ConfigError: If a line is none of these; it is named.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), '1.txt')
        >>> _ = path.write_text('1 0.5 0.5 0.25 0.5\n')
        >>> read_yolo_labels(path, (64, 32), ['cat', 'dog'])
        [{'category_id': 1, 'bbox': [24.0, 8.0, 16.0, 16.0]}]
    """
    return [
        _checked(f'{path}, object {number}, {line[:60]!r}', line.split(), size, classes)
        for number, line in enumerate(read_lines(path), start=1)
    ]


def _checked(name: str, words: list[str], size: tuple[int, int], classes: Sequence[str]) -> dict:
    try:
        return _parse(words, size, classes)
    except ValueError as error:
        raise ConfigError(f'{name}: {error}') from error


def _parse(words: list[str], size: tuple[int, int], classes: Sequence[str]) -> dict:
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise ValueError('it holds what is no number; write "class x y width height"') from error
    label, coordinates = values[0], values[1:]
    if not 0 <= label < len(classes) or not label.is_integer():
        raise ValueError(
            f'there is no class {words[0]}; names has {len(classes)}, numbered from 0: {", ".join(classes[:5])}'
            + (', ...' if len(classes) > 5 else '')
        )
    is_box = len(coordinates) == BOX_VALUES
    if not is_box and (len(coordinates) < LEAST_COORDINATES or len(coordinates) % 2):
        raise ValueError(
            f'{len(coordinates)} values after the class; a box has 4 (x y width height), an outline x and y of three '
            'points or more'
        )
    # Not so are NaNs, too.
    if not all(-ROUNDING <= value <= 1 + ROUNDING for value in coordinates):
        raise ValueError('all values but the class must be fractions of the image, from 0 to 1; correct or remove it')
    width, height = size
    if is_box:
        x, y, w, h = coordinates
        return {
            'category_id': int(label),
            'bbox': [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height],
        }
    xs, ys = [x * width for x in coordinates[0::2]], [y * height for y in coordinates[1::2]]
    return {
        'category_id': int(label),
        'bbox': [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)],
        'segmentation': [[value for point in zip(xs, ys, strict=True) for value in point]],
    }
