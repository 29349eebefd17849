"""The labelled images of a data set, compared with its files and its published counts, and written as one table."""

import csv
import io
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cft.datasets.preparation.classification.image_sets import ImageSet
from cft.datasets.preparation.completeness import Finding, some
from cft.datasets.preparation.folders import usable_names
from cft.errors import ConfigError

TABLE = 'labels.csv'
SPLITS = ('train', 'test')


class LabelledImage(NamedTuple):
    """One row of the table.

    Attributes:
        path: Below the folder of the data set, with ``/``.
        label: Name of its class.
        split: ``'train'`` or ``'test'``.
    """

    path: str
    label: str
    split: str


def check_images(name: str, root: Path, images: Sequence[LabelledImage], wanted: ImageSet) -> list[Finding]:
    """Look up every image on the disk, and compare the counts of images and classes with the published ones.

    Args:
        name: What the command line calls the data set.
        root: Folder of the data set.
        images: What its lists say.
        wanted: What is published.

    Returns:
        One line for each split; ``found`` counts the images whose file is there with content.

    Raises:
        ConfigError: If a list leads out of the folder.
    """
    outside = [image.path for image in images if image.path.startswith('/') or '..' in image.path.split('/')]
    if outside:
        raise ConfigError(f'the lists in {root} name {outside[0]!r}, outside of it; take the official download')
    times = Counter(image.path for image in images)
    repeated = [path for path, count in times.items() if count > 1]
    folders = {str(PurePosixPath(path).parent) for path in times}
    files = {folder: usable_names(root / folder) for folder in folders}
    findings = []
    for split in SPLITS:
        rows = [image for image in images if image.split == split]
        absent = [path for path, _, _ in rows if os.path.basename(path) not in files[str(PurePosixPath(path).parent)]]
        expected, classes = getattr(wanted, split), {image.label for image in rows}
        problems = [f'{len(absent):,} images missing or empty in {root}: {some(absent)}'] if absent else []
        if len(rows) != expected:
            problems.append(f'{len(rows):,} images are listed, {expected:,} expected')
        if len(classes) != wanted.classes:
            problems.append(f'{len(classes):,} classes, {wanted.classes:,} expected')
        unknown = classes - {image.label for image in images if image.split == 'train'}
        if unknown:
            problems.append(f'{len(unknown):,} classes that no training image has: {some(unknown)}')
        if repeated:
            problems.append(f'{len(repeated):,} images are listed more than once: {some(repeated)}')
        title, found = f'{wanted.title}, {split}', len(rows) - len(absent)
        findings.append(Finding(name, title, expected, found, 'classification', wanted.page, tuple(problems)))
    return findings


def table_of(images: Sequence[LabelledImage]) -> bytes:
    """The table as :class:`cft.datasets.LabelTable` reads it: ``path,label,split``, sorted.

    Raises:
        ConfigError: If a class name cannot stand in a table.

    Example:
        >>> table_of([LabelledImage('jpg/1.jpg', 'rose, red', 'train')]).decode().splitlines()
        ['path,label,split', 'jpg/1.jpg,"rose, red",train']
    """
    unfit = [
        image.label for image in images if '|' in image.label or image.label != image.label.strip() or not image.label
    ]
    if unfit:
        raise ConfigError(f'{unfit[0]!r} cannot be the name of a class; take the official download')
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('path', 'label', 'split'))
    for split in SPLITS:
        rows = [image for image in images if image.split == split]
        rows.sort(key=lambda row: (row.label, row.path))
        writer.writerows(rows)
    return text.getvalue().encode()
