"""Which classes masks have: from a file of names, from their palette, from the values they hold."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.logging import print_log

from cft.datasets.class_names import Palette, read_class_names
from cft.datasets.masks import TOOL, Palettes, labels_in, read_mask
from cft.errors import ConfigError, DataError

CLASS_FILES = (
    'classes.txt', 'class_names.txt', 'labels.txt', 'codes.txt', 'labelmap.txt', '_classes.csv', 'train/_classes.csv',
)  # fmt: skip
NO_LABEL = 255
SHOWN = 5


class MaskClasses(NamedTuple):
    """The classes of masks.

    Attributes:
        names: By label.
        palette: A colour for each; None if nothing gives them.
        foreground: The value that stands for class 1 beside 0; None if the values are the labels.
    """

    names: list[str]
    palette: Palette | None
    foreground: int | None

    @property
    def metainfo(self) -> dict:
        """What a data set says of its classes."""
        return {'classes': self.names} | ({} if self.palette is None else {'palette': self.palette})


class Values(NamedTuple):
    """What masks hold.

    Attributes:
        of_mask: For each value, the first mask that has it.
        palette: (N, 3) colours of the values; None for grey masks.
    """

    of_mask: dict[int, Path]
    palette: np.ndarray | None


def find_mask_classes(
    root: str | Path,
    masks: Sequence[Path],
    classes: str | Sequence[str] | None = None,
    reduce_zero_label: bool = False,
    foreground: int | None = None,
) -> MaskClasses:
    """Find names, colours and meaning of the labels, by reading all masks once.

    Names come from ``classes``, else from one of :data:`CLASS_FILES` in the
    folder; without any they are ``class_0``, ``class_1``, ... 255 is no label.
    Masks of 0 and 255 alone, which then would have one class, have two instead:
    255 is the object. What was found is told in one log line.

    Args:
        root: The folder.
        masks: Files of all splits.
        classes: Names in the order of their labels, or a file with one a line;
            None: as above.
        reduce_zero_label: Pixels of label 0 belong to no class, and class 0 is
            that of label 1.
        foreground: The value of class 1 where class 0 is 0.

    Raises:
        ConfigError: If the masks have labels without a name, one class only,
            or values that are no list of classes.
        DataError: If a mask is none, or its colours are those of other classes.

    Example:
        >>> find_mask_classes('cells', sorted(Path('cells/masks').iterdir())).names  # doctest: +SKIP
        ['background', 'cell']
    """
    root = Path(root)
    if foreground is not None and reduce_zero_label:
        raise ConfigError('foreground and reduce_zero_label both say what the values of masks mean; give one of them')
    names, palette, source = _named(root, classes)
    print_log(f'{root}: reading the labels of {len(masks)} masks', 'current', logging.INFO)
    values = read_values(masks)
    found = sorted(set(values.of_mask) - {NO_LABEL})
    two_values = not reduce_zero_label and set(values.of_mask) == {0, NO_LABEL}
    if foreground is None and two_values and (names is None or len(names) == 2):
        foreground = NO_LABEL
    if foreground is not None:
        names = names or ['background', 'object']
        if len(names) != 2:
            raise ConfigError(f'foreground={foreground} makes two classes, {source} names {len(names)}')
        used = {0, foreground, NO_LABEL}
        _check_labels(values, used, f'foreground={foreground} leaves 0, {foreground} and {NO_LABEL} for no label')
    else:
        if names is None:
            names = _numbered(root, found, reduce_zero_label)
            source = 'the masks'
        last = len(names) if reduce_zero_label else len(names) - 1
        valid = {*range(last + 1), NO_LABEL}
        _check_labels(values, valid, f'{source} names {len(names)} classes, labels {int(reduce_zero_label)} to {last}')
        if palette is None and values.palette is not None:
            palette = values.palette[last + 1 - len(names) : last + 1].tolist()
    if len(names) < 2:
        raise ConfigError(f'{root}: the masks have one class only ({", ".join(names)}), so that nothing can be learnt')
    _tell(root, names, source or 'the masks', values, foreground, reduce_zero_label)
    return MaskClasses(names, palette if palette and len(palette) == len(names) else None, foreground)


def read_values(masks: Sequence[Path]) -> Values:
    """Which values masks hold.

    Raises:
        DataError: If a mask cannot be read as one, or a value has two colours.

    Example:
        >>> sorted(read_values([Path('a.png')]).of_mask)  # doctest: +SKIP
        [0, 1, 255]
    """
    of_mask: dict[int, Path] = {}
    colors: np.ndarray | None = None
    palettes = Palettes(range(256))
    for path in masks:
        mask = read_mask(str(path))
        used = labels_in(mask.labels)
        palettes.check(str(path), used[used != NO_LABEL], mask.palette)
        for value in used.tolist():
            of_mask.setdefault(value, path)
        if mask.palette is not None and (colors is None or len(mask.palette) > len(colors)):
            colors = mask.palette
    return Values(of_mask, None if colors is None or _is_grey(colors) else colors)


def _named(root: Path, classes: str | Sequence[str] | None) -> tuple[list[str] | None, Palette | None, str]:
    """Names, colours, and where they come from."""
    if classes is not None and not isinstance(classes, str):
        return list(map(str, classes)), None, f'classes={list(classes)}'
    if classes is not None:
        path = root / classes if (root / classes).is_file() else Path(classes)
    else:
        there = [root / name for name in CLASS_FILES if (root / name).is_file()]
        if not there:
            return None, None, ''
        path = there[0]
    return *read_class_names(path), str(path)


def _numbered(root: Path, found: list[int], reduce_zero_label: bool) -> list[str]:
    """``class_<label>`` up to the largest label, if the labels are those of a list."""
    if not found:
        raise ConfigError(f'{root}: the masks hold nothing but {NO_LABEL}, which means no label; check them')
    if found[-1] + 1 > 2 * len(found):
        shown = ', '.join(map(str, found[:SHOWN])) + (', ...' if len(found) > SHOWN else '')
        remedy = f'set foreground={found[1]} if it is the object, ' if len(found) == 2 and found[0] == 0 else ''
        raise ConfigError(
            f'{root}: the masks hold the values {shown}, which are no labels 0, 1, 2, ...; {remedy}name the classes '
            f'with classes=FILE if most of them do not occur, or convert the masks with {TOOL}'
        )
    return [f'class_{label}' for label in range(int(reduce_zero_label), found[-1] + 1)]


def _check_labels(values: Values, valid: set[int], rule: str) -> None:
    for value, path in values.of_mask.items():
        if value not in valid:
            raise DataError(f'{path} has the label {value}, but {rule}; correct the classes or the mask')


def _tell(
    root: Path, names: list[str], source: str, values: Values, foreground: int | None, reduce_zero_label: bool
) -> None:
    shown = ', '.join(names[:SHOWN]) + (', ...' if len(names) > SHOWN else '')
    if foreground is not None:
        zero = f'the value {foreground} is {names[1]}, 0 is {names[0]}'
    elif reduce_zero_label:
        zero = 'pixels of label 0 belong to no class'
    else:
        zero = f'label 0, {names[0]}, is a class like the others unless reduce_zero_label=True'
    if NO_LABEL in values.of_mask and foreground != NO_LABEL:
        zero += f'; {NO_LABEL} is no label'
    print_log(f'{root}: {len(names)} classes ({shown}) from {source}; {zero}', 'current', logging.INFO)


def _is_grey(colors: np.ndarray) -> bool:
    """Whether the colours are the numbers themselves, as Pillow writes them where nobody chose any."""
    return bool(np.array_equal(colors, np.repeat(np.arange(len(colors))[:, None], 3, 1)))
