"""Find the images and text files of detection data as YOLO's trainers lay them out."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mmengine.logging import print_log

from cft.datasets.coco_listing import CocoListing
from cft.datasets.detection_parts import Part, split_folders
from cft.datasets.image_listing import list_images
from cft.datasets.image_sizes import size_in_frame
from cft.datasets.preparation.text_lists import read_lines
from cft.datasets.yolo_description import (
    CLASS_FILES,
    classes_of_file,
    described_classes,
    find_description,
    place_of,
)
from cft.datasets.yolo_labels import read_yolo_labels
from cft.errors import ConfigError

NO_LABELS = {*CLASS_FILES, 'labels.txt', 'train.txt', 'val.txt', 'test.txt', 'requirements.txt', 'README.txt'}


def find_yolo_parts(root: Path) -> dict[str, Part]:
    """The images of each split and the text files that belong to them.

    A file like ``data.yaml`` tells the names of the classes and the splits.
    Without one, the names stand in ``classes.txt``, and the splits are
    ``images/train`` beside ``labels/train``, or ``train/images`` beside
    ``train/labels``; labels may also lie beside the images.

    Args:
        root: Of the data set.

    Returns:
        By split; without splits all are for training. Empty if there are neither such a file nor text files of labels.

    Raises:
        ConfigError: If the description is damaged, or no names of classes are there.

    Example:
        >>> find_yolo_parts(Path('data/coco8'))  # doctest: +SKIP
        {'train': Part(place=PosixPath('data/coco8/images/train'), ...), 'val': ...}
    """
    description = find_description(root)
    if description is None:
        folders = _folders(root)
        if not folders:
            return {}
        classes = classes_of_file(root)
        return {split: Part(place, partial(_read, [place], classes)) for split, place in folders.items()}
    classes = described_classes(description, root)
    found = {}
    for split in ('train', 'val', 'test'):
        entry = description.content.get(split)
        if entry:
            places = [
                place_of(description, root, str(path)) for path in (entry if isinstance(entry, list) else [entry])
            ]
            found[split] = Part(places[0], partial(_read, places, classes))
    if not found:
        found = {split: Part(place, partial(_read, [place], classes)) for split, place in _folders(root).items()}
    if 'train' in found and 'val' in found and found['train'].place == found['val'].place:
        print_log(f'{description.file}: train and val are the same images; nothing new is validated', 'current', 30)
    return found


def _folders(root: Path) -> dict[str, Path]:
    """Folders of images with text files of labels, by split."""
    splits = split_folders(root / 'images') if (root / 'images').is_dir() else {}
    candidates = splits or split_folders(root) or {'train': root}
    found = {}
    for split, folder in candidates.items():
        place = folder / 'images' if (folder / 'images').is_dir() else folder
        if _has_labels(place):
            found[split] = place
    return found


def _has_labels(place: Path) -> bool:
    folder = labels_beside(place)
    if folder != place:
        return any(file.name not in NO_LABELS for file in folder.rglob('*.txt'))
    texts = {file.stem for file in place.glob('*.txt') if file.name not in NO_LABELS}
    return any(path.stem in texts for path in place.iterdir() if path.suffix.lower() != '.txt')


def labels_beside(place: Path) -> Path:
    """The folder of the labels of a folder of images: its last part ``images`` is ``labels``, if that is there.

    Example:
        >>> labels_beside(Path('nowhere/images/train'))
        PosixPath('nowhere/images/train')
    """
    parts = list(place.parts)
    for index in reversed(range(len(parts))):
        if parts[index].lower() == 'images':
            folder = Path(*parts[:index], 'labels', *parts[index + 1 :])
            return folder if folder.is_dir() else place
    return place


def _read(places: Sequence[Path], classes: list[str], frame: str | None) -> CocoListing:
    images: list[Path] = []
    for place in places:
        images += _listed_images(place) if place.is_file() else list_images(place)[0]
    if not images:
        raise ConfigError(f'{places[0]} holds no image')
    labels = {image: _label_file(image) for image in images}
    _check_strays([place for place in places if place.is_dir()], set(labels.values()))
    unlabelled = [image for image, file in labels.items() if not file.is_file()]
    if len(unlabelled) == len(images):
        raise ConfigError(f'no image of {places[0]} has labels, such as {labels[images[0]]}; put them there')
    if unlabelled:
        print_log(
            f'{places[0]}: {len(unlabelled)} of {len(images)} images have no text file, such as {unlabelled[0]}; as '
            'with YOLO, they count as images without objects',
            'current',
        )
    listing = CocoListing([], [], dict(enumerate(classes)))
    for number, image in enumerate(images, start=1):
        size = size_in_frame(str(image), frame)
        listing.images.append({'id': number, 'file_name': str(image), 'width': size[0], 'height': size[1]})
        if labels[image].is_file():
            objects = read_yolo_labels(labels[image], size, classes)
            listing.annotations.extend(
                {'id': f'{labels[image]}, object {index}', 'image_id': number, **entry}
                for index, entry in enumerate(objects, start=1)
            )
    return listing


def _listed_images(file: Path) -> list[Path]:
    """Paths as Darknet's ``train.txt`` lists them, one a line."""
    found = []
    for line in read_lines(file):
        tried = [file.parent / line, Path(line), file.parent.parent / line]
        image = next((path for path in tried if path.is_file()), None)
        if image is None:
            raise ConfigError(f'{file} names {line}, which is not there; restore it or correct the list')
        found.append(Path(os.path.normpath(image)))
    return found


def _label_file(image: Path) -> Path:
    return labels_beside(image.parent) / f'{image.stem}.txt'


def _check_strays(places: list[Path], used: set[Path]) -> None:
    for place in places:
        folder = labels_beside(place)
        texts = [file for file in sorted(folder.rglob('*.txt')) if file.name not in NO_LABELS]
        strays = [file for file in texts if file not in used]
        if strays:
            raise ConfigError(
                f'{len(strays)} of {len(texts)} label files have no image in {place}, such as {strays[0]}; add the '
                'images or take the labels away'
            )
