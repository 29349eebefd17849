"""Files that name the classes of labels, as people and labelling tools write them."""

import re
from pathlib import Path

from cft.datasets.preparation.mask_colors import read_mask_classes
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError

COLORED = re.compile(r'.+:\d+,\d+,\d+')

Palette = list[list[int]]


def read_class_names(path: Path) -> tuple[list[str], Palette | None]:
    r"""Names of classes, and their colours if the file gives them.

    One name a line, ``name:red,green,blue`` as in CVAT's ``labelmap.txt``, or
    lines ``number,name`` of a ``.csv`` file; ``#`` begins a note.

    Raises:
        ConfigError: If the file is missing, empty or names a class twice.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), 'classes.txt')
        >>> _ = path.write_text('background\nrose\n')
        >>> read_class_names(path)
        (['background', 'rose'], None)
    """
    if not path.is_file():
        raise ConfigError(f'no file of classes {path}; write one name a line, in the order of the labels')
    lines = [line for line in read_lines(path) if not line.startswith('#')]
    if lines and all(COLORED.match(line) for line in lines):
        entries = read_mask_classes(path)
        return [entry.name for entry in entries], [list(entry.color) for entry in entries]
    names = _names_of_table(path, lines) if path.suffix.lower() == '.csv' else lines
    if not names:
        raise ConfigError(f'{path} names no class; write one name a line, in the order of the labels')
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f'{path} names {twice[0]} twice; correct one of the lines')
    return names, None


def _names_of_table(path: Path, lines: list[str]) -> list[str]:
    rows = [[cell.strip() for cell in line.split(',')] for line in lines]
    numbered = [row for row in rows if row[0].isdecimal()]
    if any(len(row) != 2 for row in numbered) or [int(row[0]) for row in numbered] != list(range(len(numbered))):
        raise ConfigError(f'{path}: write number,name a line, with the numbers 0, 1, 2, ... in their order')
    return [row[1] for row in numbered]
