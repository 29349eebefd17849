"""What a label table says of each image: its file, labels, split and group."""

import os
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.table_file import SEPARATORS, Table, read_table
from cft.errors import ConfigError, DataError

PATH_COLUMNS = ('path', 'file', 'filename', 'file_name', 'filepath', 'image', 'image_path')
LABEL_COLUMNS = ('label', 'labels', 'class', 'category')
SPLIT_COLUMNS = ('split', 'subset')
GROUP_COLUMNS = ('group', 'patient', 'patient_id', 'subject', 'subject_id', 'video', 'video_id')
SPLIT_WORDS = {word: split for split, words in SPLIT_FOLDERS.items() for word in words} | {'dev': 'val'}
# Between the labels of an image that has several.
BETWEEN_LABELS = '|'
SHOWN = 3


class Image(NamedTuple):
    """One image of a table.

    Attributes:
        path: As it is found from the current folder.
        labels: Names of its classes, sorted.
        split: ``'train'``, ``'val'`` or ``'test'``; ``''`` where the table has no split.
        group: Name of its group; ``''`` where the table has none.
    """

    path: str
    labels: tuple[str, ...]
    split: str
    group: str


class LabelRows(NamedTuple):
    """The images of a table, and what was noticed while reading it.

    Attributes:
        images: Each file once, in the order of their paths.
        class_columns: Names of the columns with 0 and 1, in their order; none where labels stand in one column.
        several: Whether the table is written so that an image may have several labels.
        group_column: Name of the column of groups; None if there is none.
        notes: Lines for the log.
    """

    images: list[Image]
    class_columns: tuple[str, ...]
    several: bool
    group_column: str | None
    notes: list[str]


def read_labels(path: str | Path, group_by: str | None = None) -> LabelRows:
    """Read a table with a row for each image: ``path,label[,split][,group]``.

    Paths are absolute or relative to the folder of the table. Labels are text,
    numbers too. An image has several where ``|`` stands between them, or where
    there is no column of labels but one column for each class with 0 and 1; an
    empty cell is then an image without labels.

    Args:
        path: A ``.csv`` or ``.tsv`` file, as of :func:`cft.datasets.table_file.read_table`.
        group_by: Column of the groups; None: one that is called as in ``GROUP_COLUMNS``.

    Raises:
        ConfigError: If there is no column ``group_by``.
        DataError: If a column is missing or ambiguous, a split has an unknown
            name, a cell is empty, a file is missing or in the table with
            different labels, splits or groups; naming lines of the file.

    Example:
        >>> read_labels('labels.csv').images[0].labels  # doctest: +SKIP
        ('daisy',)
    """
    table = read_table(path, PATH_COLUMNS)
    reader = _Reader(Path(path), table, group_by)
    images = _once([(row.line, reader.image(row.line, row.cells)) for row in table.rows], reader)
    missing = [image.path for image in images if not os.path.isfile(image.path)]
    if missing:
        names = ', '.join(missing[:SHOWN]) + (', ...' if len(missing) > SHOWN else '')
        raise DataError(
            f'{path}: {len(missing)} of {len(images)} images are missing: {names}; paths are relative to the folder of '
            'the table, correct them or put the images there'
        )
    return LabelRows(images, tuple(reader.class_columns), reader.several, reader.name(reader.group), reader.notes)


class _Reader:
    """Which column means what, and what a row says by it."""

    def __init__(self, path: Path, table: Table, group_by: str | None) -> None:
        self.file, self.folder, self.columns = path, str(path.parent), table.columns
        self.path, self.split = self._column(PATH_COLUMNS), self._column(SPLIT_COLUMNS)
        self.label = self._column(LABEL_COLUMNS)
        self.group = self._column(GROUP_COLUMNS if group_by is None else (group_by.lower(),))
        if group_by is not None and self.group is None:
            raise ConfigError(f'group_by={group_by}: {path} has no such column; it has {", ".join(table.columns)}')
        known = {self.path, self.split, self.label, self.group}
        left = [index for index, name in enumerate(table.columns) if index not in known]
        self.class_columns: dict[str, int] = {}
        if self.label is None:
            self.class_columns = self._class_columns(table, left)
        cells = [row.cells[self.label] for row in table.rows] if self.label is not None else []
        self.several = self.label is None or any(BETWEEN_LABELS in cell for cell in cells)
        self.notes = []
        if table.separator != (',' if path.suffix.lower() == '.csv' else '\t'):
            self.notes.append(f'cells are parted by a {SEPARATORS[table.separator]}')
        unused = [table.columns[index] for index in left if self.label is not None and table.columns[index]]
        if unused:
            self.notes.append(f'columns that are not used: {", ".join(unused)}')

    def name(self, column: int | None) -> str | None:
        return None if column is None else self.columns[column]

    def image(self, line: int, cells: list[str]) -> Image:
        path = os.path.normpath(os.path.join(self.folder, self._filled(line, cells, self.path, 'path')))
        split = self._filled(line, cells, self.split, 'split')
        if split and split.lower() not in SPLIT_WORDS:
            raise DataError(
                f'{self.file}, line {line}: the split {split!r} is unknown; write train, val or test '
                f'({", ".join(sorted(SPLIT_WORDS))} are understood)'
            )
        group = self._filled(line, cells, self.group, 'group')
        return Image(path, self._labels(line, cells), SPLIT_WORDS.get(split.lower(), ''), group)

    def _labels(self, line: int, cells: list[str]) -> tuple[str, ...]:
        if self.label is None:
            return tuple(sorted(name for name, index in self.class_columns.items() if float(cells[index] or 0)))
        parts = [part.strip() for part in cells[self.label].split(BETWEEN_LABELS)] if cells[self.label] else []
        if '' in parts or len(set(parts)) < len(parts):
            raise DataError(
                f'{self.file}, line {line}: {cells[self.label]!r} has an empty or a repeated label; correct it'
            )
        return tuple(sorted(parts))

    def _filled(self, line: int, cells: list[str], column: int | None, what: str) -> str:
        if column is not None and not cells[column]:
            raise DataError(f'{self.file}, line {line}: the {what} is empty (column {self.name(column)}); fill it in')
        return '' if column is None else cells[column]

    def _column(self, names: tuple[str, ...]) -> int | None:
        found = [index for index, column in enumerate(self.columns) if column.lower() in names]
        # The plain name goes before the others.
        found = [index for index in found if self.columns[index].lower() == names[0]] or found
        if len(found) > 1:
            both = ' and '.join(self.columns[index] for index in found)
            raise DataError(f'{self.file} has the columns {both}, which both may be the {names[0]}; rename one of them')
        return found[0] if found else None

    def _class_columns(self, table: Table, left: list[int]) -> dict[str, int]:
        missing = f'{self.file} has no column {" or ".join(LABEL_COLUMNS)}'
        columns = {table.columns[index]: index for index in left if table.columns[index]}
        for row in table.rows:
            for name, index in columns.items():
                if row.cells[index] not in ('0', '1', '0.0', '1.0'):
                    raise DataError(
                        f'{missing}, and {name!r} is no class with 0 and 1 either (line {row.line}: '
                        f'{row.cells[index]!r}); name the column of the labels "label"'
                    )
        if not columns:
            raise DataError(f'{missing}; name the column of the labels "label"')
        return columns


def _once(rows: list[tuple[int, Image]], reader: _Reader) -> list[Image]:
    """Each file once, sorted; ``DataError`` if rows contradict each other."""
    first: dict[str, tuple[int, Image]] = {}
    repeated = 0
    for line, image in rows:
        known_line, known = first.setdefault(image.path, (line, image))
        repeated += known_line != line
        if known != image:
            what = next(name for name in ('labels', 'split', 'group') if getattr(known, name) != getattr(image, name))
            raise DataError(
                f'{reader.file}, lines {known_line} and {line}: {image.path} has different {what} '
                f'({getattr(known, what)!r}, {getattr(image, what)!r}); leave one of them'
            )
    if repeated:
        reader.notes.append(f'{repeated} rows repeat others; each image counts once')
    images = [image for _, image in first.values()]
    splits: defaultdict[str, set[str]] = defaultdict(set)
    for image in images:
        splits[image.group].add(image.split)
    shared = sorted(group for group, names in splits.items() if group and len(names) > 1)
    if shared:
        reader.notes.append(
            f'{len(shared)} groups are in several splits ({", ".join(shared[:SHOWN])}), so that figures may be too high'
        )
    return sorted(images, key=_parts)


def _parts(image: Image) -> list[str]:
    """Those of its path, by which paths are ordered; a million Path objects would take a minute."""
    first, *others = image.path.split(os.sep)
    return [first or os.sep, *others]
