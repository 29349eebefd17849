"""Which kind of labels a folder of detection data has, found by looking."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cft.datasets.coco_layout import find_coco_parts
from cft.datasets.coco_listing import CocoListing
from cft.datasets.detection_parts import SPLITS, Part
from cft.datasets.held_out_parts import Division, Source, source_of
from cft.datasets.image_listing import told
from cft.datasets.voc_layout import find_voc_parts
from cft.datasets.yolo_layout import find_yolo_parts
from cft.errors import ConfigError

FINDERS: dict[str, Callable[[Path], dict[str, Part]]] = {
    'coco': find_coco_parts,
    'voc': find_voc_parts,
    'yolo': find_yolo_parts,
}
WORDS = {'coco': 'COCO JSON', 'voc': 'VOC XML', 'yolo': 'YOLO text'}
# Exports that another command reads.
IMPORTS = {'labelme': ('*.json', b'"shapes"'), 'cvat': ('*.xml', b'<annotations')}


class Layout(NamedTuple):
    """Labels of one kind.

    Attributes:
        root: The folder.
        kind: ``'coco'``, ``'voc'`` or ``'yolo'``.
        parts: By split; ``'train'`` is always there.
    """

    root: Path
    kind: str
    parts: dict[str, Part]

    @property
    def label_frame(self) -> str | None:
        """YOLO's labels are fractions of the image as its trainers show it; the others' sizes tell theirs."""
        return 'shown' if self.kind == 'yolo' else None

    def source_of(self, split: str, division: Division) -> Source:
        """Where the images of a split come from, as of :func:`cft.datasets.held_out_parts.source_of`."""
        return source_of(split, self.parts.keys() & {'val', 'test'}, division, f'{self.root} has no test split')


def find_layout(data_root: str | Path, kind: str | None = None) -> Layout:
    """Look for COCO JSON, VOC XML and YOLO text files.

    Args:
        data_root: The folder.
        kind: ``'coco'``, ``'voc'`` or ``'yolo'``, where a folder holds labels of several kinds; None: what is there.

    Raises:
        ConfigError: If there are none, several kinds, or none for training.

    Example:
        >>> find_layout('data/chess').kind  # doctest: +SKIP
        'coco'
    """
    root = Path(data_root)
    if kind is not None and kind not in FINDERS:
        raise ConfigError(f'label_format must be one of {list(FINDERS)} or None, got {kind!r}')
    if not root.is_dir():
        raise ConfigError(f'no folder {root}; give the folder of your images and labels with data_root=FOLDER')
    found = {name: find(root) for name, find in FINDERS.items() if kind in (None, name)}
    found = {name: parts for name, parts in found.items() if parts}
    if len(found) > 1:
        places = ', '.join(f'{WORDS[name]} ({next(iter(parts.values())).place})' for name, parts in found.items())
        raise ConfigError(
            f'{root} has labels of several kinds: {places}; say which with label_format={next(iter(found))}, or take '
            'the others away'
        )
    if not found:
        raise ConfigError(_nothing(root, kind))
    name, parts = next(iter(found.items()))
    if 'train' not in parts:
        raise ConfigError(
            f'{root} has {WORDS[name]} of {", ".join(sorted(parts))}, but none for training; name one train'
        )
    return Layout(root, name, {split: parts[split] for split in SPLITS if split in parts})


def class_names(listing: CocoListing) -> tuple[str, ...]:
    """Names of the classes in the order of the training labels.

    A category that only names the group of all others, and has no object, is no
    class; exports of Roboflow begin with such a one.

    Args:
        listing: Of the training split.

    Raises:
        ConfigError: If there is none.

    Example:
        >>> class_names(CocoListing([], [], {0: 'pets', 1: 'cat', 2: 'dog'}, group='pets'))
        ('cat', 'dog')
    """
    names = tuple(name for name in listing.categories.values() if name != listing.group)
    if not names:
        raise ConfigError('the training labels name no class; label the images before training')
    return names


def check_classes(listing: CocoListing, classes: Sequence[str], place: Path) -> None:
    """Check that every labelled class of a split is one of the training's.

    Args:
        listing: Of the split.
        classes: Of the training.
        place: Of the split's labels, for the error.

    Raises:
        ConfigError: Naming the classes that the training lacks.

    Example:
        >>> check_classes(CocoListing([], [], {1: 'cat'}), ['cat', 'dog'], Path('val.json'))
    """
    used = {str(annotation.get('category_id')) for annotation in listing.annotations}
    unknown = [name for key, name in listing.categories.items() if name not in classes and str(key) in used]
    if unknown:
        raise ConfigError(
            f'{place} has objects of the classes {unknown}, which the training labels lack; they have {list(classes)}'
        )


def _nothing(root: Path, kind: str | None) -> str:
    for name, (pattern, mark) in IMPORTS.items():
        for file in [*root.glob(pattern), *root.glob(f'*/{pattern}')][:5]:
            if mark in file.read_bytes():
                return f'{root} has labels of {name}, such as {file}; convert them with: cft import {name} {root} OUT'
    files = Counter(path.suffix.lower() or 'without a suffix' for path in root.rglob('*') if path.is_file())
    what = WORDS[kind] if kind else 'labels'
    return (
        f'{root} has no {what} that could be found ({told(files) or "it is empty"}); there must be COCO JSON '
        '(train.json, annotations/*.json), VOC XML (Annotations/ and JPEGImages/) or YOLO text (data.yaml, images/ and '
        'labels/)'
    )
