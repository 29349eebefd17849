"""Masks of class indices from masks that show the classes in colours."""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from cft.datasets.preparation.folders import write_complete
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError

IGNORED = 255
# VOC's colour for pixels without a label.
VOID = (224, 224, 192)
SUFFIXES = ('.png', '.bmp', '.tif', '.tiff', '.gif', '.webp', '.jpg', '.jpeg')
SHOWN = 3

Color = tuple[int, int, int]


class MaskClass(NamedTuple):
    """A class and the colour that masks show it in."""

    name: str
    color: Color


def read_mask_classes(path: str | Path) -> list[MaskClass]:
    r"""Classes from lines ``name:red,green,blue``, as CVAT writes them into ``labelmap.txt``.

    What follows a second colon is left out, and so are lines that start with ``#``.

    Raises:
        ConfigError: If there is no such file, a line is something else, or a
            name or colour occurs twice.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), 'labelmap.txt')
        >>> _ = path.write_text('# label:color_rgb:parts:actions\nbackground:0,0,0::\nrose:255,0,0::\n')
        >>> read_mask_classes(path)[1]
        MaskClass(name='rose', color=(255, 0, 0))
    """
    if not Path(path).is_file():
        raise ConfigError(f'no file {path}; write one line name:red,green,blue for each class, the background first')
    classes = [_parse(line, path) for line in read_lines(path) if not line.startswith('#')]
    for what, values in (('class', [c.name for c in classes]), ('colour', [str(c.color) for c in classes])):
        twice = [value for value, number in Counter(values).items() if number > 1]
        if twice:
            raise ConfigError(f'{path} gives the {what} {twice[0]} twice; correct one of the lines')
    if not 0 < len(classes) <= IGNORED:
        raise ConfigError(f'{path} gives {len(classes)} classes; masks hold 1 to {IGNORED}')
    return classes


def _parse(line: str, path: str | Path) -> MaskClass:
    name, *rest = line.split(':')
    numbers = rest[0].split(',') if rest else []
    try:
        red, green, blue = map(int, numbers)
    except ValueError:
        red = -1
    if not name or red < 0 or not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ConfigError(f'{path}: {line!r} is no class and colour; write name:red,green,blue, each of 0 to 255')
    return MaskClass(name, (red, green, blue))


def find_masks(folder: Path) -> list[Path]:
    """Sorted image files of a folder and of those below; ``ConfigError`` if there are none."""
    masks = sorted(path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES and path.is_file())
    if not masks:
        raise ConfigError(f'{folder} holds no masks ({", ".join(SUFFIXES)}); give the folder of the coloured masks')
    return masks


def read_colors(path: Path) -> np.ndarray:
    """(H, W) integers ``red * 65536 + green * 256 + blue`` of a mask; what is transparent is black.

    Raises:
        ConfigError: If it is no readable image, or has more than 8 bits for a colour.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith(('I', 'F')):
                raise ConfigError(f'{path} has more than 8 bits a pixel (mode {image.mode}); it shows no colours')
            layers = np.array(image.convert('RGBA'), np.uint32)
    except ConfigError:
        raise
    except Exception as error:
        # Each decoder has errors of its own.
        raise ConfigError(f'{path} is no readable mask ({error}); repair or remove it') from error
    red, green, blue, alpha = np.moveaxis(layers, -1, 0)
    return np.where(alpha == 0, 0, red << 16 | green << 8 | blue)


def to_color(code: int) -> Color:
    """Red, green and blue of one value of :func:`read_colors`."""
    return code >> 16, code >> 8 & 255, code & 255


def color_counts(masks: Sequence[Path], console: Console) -> dict[Color, int]:
    """In how many masks each colour occurs, the most frequent ones first."""
    counts: Counter[int] = Counter()
    for path in _tracked(masks, 'colours', console):
        counts.update(np.unique(read_colors(path)).tolist())
    return {to_color(code): number for code, number in counts.most_common()}


def label_map(colors: np.ndarray, classes: Sequence[MaskClass], ignored: Sequence[str], path: Path) -> np.ndarray:
    """(H, W) uint8 class indices of a mask of colours.

    Classes are numbered in their order without the ignored ones, whose pixels become 255.

    Args:
        colors: Of :func:`read_colors`.
        classes: Names and colours.
        ignored: Names of classes that are no label.
        path: Of the mask, for the error.

    Raises:
        ConfigError: If the mask has a colour of no class.

    Example:
        >>> classes = [MaskClass('none', (0, 0, 0)), MaskClass('rose', (0, 1, 0))]
        >>> label_map(np.array([[0, 256]]), classes, [], Path('a.png'))
        array([[0, 1]], dtype=uint8)
    """
    kept = [entry.name for entry in classes if entry.name not in ignored]
    known = {
        red << 16 | green << 8 | blue: kept.index(name) if name in kept else IGNORED
        for name, (red, green, blue) in classes
    }
    codes, places = np.unique(colors, return_inverse=True)
    unknown = [to_color(code) for code in codes.tolist() if code not in known]
    if unknown:
        some = ', '.join(','.join(map(str, color)) for color in unknown[:SHOWN]) + (', ...' if unknown[SHOWN:] else '')
        raise ConfigError(
            f'{path} has {len(unknown)} colours of no class ({some}); add them to the list of classes, or export the '
            'masks without smoothing and lossy compression'
        )
    values = np.array([known[code] for code in codes.tolist()], np.uint8)
    return values[places].reshape(colors.shape)


def convert_masks(
    folder: Path, out: Path, classes: Sequence[MaskClass], ignored: Sequence[str], console: Console
) -> int:
    """Write a mask of class indices, as PNG with the classes' colours for its palette, for each mask of a folder.

    An EXIF orientation stays, as the image has it.

    Args:
        folder: Of the coloured masks.
        out: Where the others go, under the same names; made if it is missing.
        classes: Names and colours.
        ignored: Names of classes whose pixels get 255, no label.
        console: Where progress is shown.

    Returns:
        Number of masks.

    Raises:
        ConfigError: If an ignored class is none of the classes, masks would
            take each other's names, a mask has a colour of no class, or the
            disk is full.
    """
    strange = sorted(set(ignored) - {entry.name for entry in classes})
    if strange:
        raise ConfigError(f'{strange[0]!r} is to be ignored, but is none of the classes {[c.name for c in classes]}')
    if out.resolve() == folder.resolve():
        raise ConfigError(f'--out is the folder of the masks, {folder}; give another one')
    masks = find_masks(folder)
    targets = {path: out / path.relative_to(folder).with_suffix('.png') for path in masks}
    if len(set(targets.values())) < len(masks):
        name = next(name for name, number in Counter(targets.values()).items() if number > 1)
        raise ConfigError(f'several masks of {folder} would become {name}; rename all but one of them')
    palette = np.zeros((256, 3), np.uint8)
    colors = [entry.color for entry in classes if entry.name not in ignored]
    palette[: len(colors)], palette[IGNORED] = colors, VOID
    for path, target in _tracked(list(targets.items()), 'masks', console):
        picture = Image.fromarray(label_map(read_colors(path), classes, ignored, path)).convert('P')
        # Of fewer colours, the file would have fewer bits than 255 needs.
        picture.putpalette(palette.tobytes())
        with Image.open(path) as image:
            exif = {'exif': image.info['exif']} if 'exif' in image.info else {}
        write_complete(target, functools.partial(picture.save, format='PNG', **exif))
    return len(masks)


def _tracked(items: Sequence, what: str, console: Console) -> Iterable:
    return track(items, what, console=console, transient=True, disable=not console.is_terminal)
