"""Find the images and XML annotations of detection data in VOC's format."""

import re
from functools import partial
from pathlib import Path

from mmengine.logging import print_log

from cft.datasets.coco_listing import CocoListing
from cft.datasets.detection_parts import SPLITS, Part, split_folders
from cft.datasets.image_listing import list_images
from cft.datasets.image_sizes import size_in_frame
from cft.datasets.listed_files import find_listed
from cft.datasets.preparation.text_lists import read_lines
from cft.datasets.voc_annotation import VocObject, read_objects, read_size, read_xml
from cft.errors import ConfigError

ANNOTATIONS = ('Annotations', 'annotations', 'labels', 'xmls', '')
IMAGES = ('JPEGImages', 'images', 'Images', '')
LISTS = 'ImageSets/Main'
# CVAT's root is <annotations>.
ROOT = re.compile(rb'<annotation[\s>/]')


def find_voc_parts(root: Path) -> dict[str, Part]:
    """The annotations of each split.

    They lie in ``Annotations`` beside ``JPEGImages``, divided by the lists of
    ``ImageSets/Main``, or in the folders of the splits, or beside the images.

    Args:
        root: Of the data set.

    Returns:
        By split; without lists and split folders all are for training. Empty if there is no XML file of VOC.

    Raises:
        ConfigError: If lists are there, but none for training.

    Example:
        >>> find_voc_parts(Path('data/VOCdevkit/VOC2007'))  # doctest: +SKIP
        {'train': Part(place=PosixPath('data/VOCdevkit/VOC2007/ImageSets/Main/train.txt'), ...), 'val': ...}
    """
    split_places = {split: _xml_folder(folder) for split, folder in split_folders(root).items()}
    found = {split: Part(place, partial(_read, place, None)) for split, place in split_places.items() if place}
    place = None if found else _xml_folder(root)
    if place is None:
        return found
    lists = {split: root / LISTS / f'{split}.txt' for split in SPLITS}
    if not lists['train'].is_file():
        lists['train'] = root / LISTS / 'trainval.txt'
    lists = {split: file for split, file in lists.items() if file.is_file()}
    if not lists:
        return {'train': Part(place, partial(_read, place, None))}
    return {split: Part(file, partial(_read, place, file)) for split, file in lists.items()}


def _xml_folder(folder: Path) -> Path | None:
    for name in ANNOTATIONS:
        place = folder / name
        files = (path for path in (place.rglob('*.xml') if name else place.glob('*.xml')))
        if place.is_dir() and (first := next(files, None)) is not None and ROOT.search(first.read_bytes()):
            return place
    return None


def _read(place: Path, listed: Path | None, frame: str | None) -> CocoListing:
    if listed is not None:
        # The lists of single classes have a second column.
        names = [line.split()[0] for line in read_lines(listed)]
    else:
        names = [str(path.relative_to(place).with_suffix('')) for path in sorted(place.rglob('*.xml'))]
    if not names:
        raise ConfigError(f'the list {listed} names no image')
    folder = _image_folder(place, names)
    images = find_listed(folder, names, '.jpg', f'images of the annotations in {listed or place}')
    files = find_listed(place, names, '.xml', f'annotations named in {listed or place}', others=())
    if listed is None:
        _tell_unlabelled(folder, images)
    parsed = [_parse(Path(file)) for file in files]
    classes = sorted({entry.name for _, objects in parsed for entry in objects})
    return CocoListing(
        [
            # Some tools write a size of 0 x 0.
            {'id': number, 'file_name': image, **_sides(size if min(size) > 0 else size_in_frame(image, frame))}
            for number, (image, (size, _)) in enumerate(zip(images, parsed, strict=True), start=1)
        ],
        [
            {
                'id': f'{file}, object {index}',
                'image_id': number,
                'category_id': classes.index(entry.name),
                'bbox': [x1, y1, x2 - x1, y2 - y1],
                'iscrowd': int(entry.difficult),
            }
            for number, (file, (_, objects)) in enumerate(zip(files, parsed, strict=True), start=1)
            for index, entry in enumerate(objects, start=1)
            for x1, y1, x2, y2 in (entry.box,)
        ],
        dict(enumerate(classes)),
    )


def _image_folder(place: Path, names: list[str]) -> Path:
    """The one of the usual folders in which the first image lies."""
    tops = [place.parent, place] if place.name in ANNOTATIONS else [place]
    stem = Path(names[0]).name
    for folder in (top / name for top in tops for name in IMAGES):
        first = (folder / names[0]).parent
        if first.is_dir() and any(path.stem == stem and path.suffix.lower() != '.xml' for path in first.iterdir()):
            return folder
    return tops[0] / IMAGES[0] if (tops[0] / IMAGES[0]).is_dir() else place


def _tell_unlabelled(folder: Path, used: list[str]) -> None:
    others = sorted({str(path) for path in list_images(folder)[0]} - set(used))
    if others:
        print_log(
            f'{folder}: left out {len(others)} images without an XML file, such as {others[0]}; an image that shows '
            'no object needs one that lists none',
            'current',
            30,
        )


def _parse(file: Path) -> tuple[tuple[int, int], list[VocObject]]:
    try:
        root = read_xml(file)
        return read_size(root), read_objects(root)
    except (SyntaxError, TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f'{file} is no VOC annotation ({error}); repair it or take it away') from error


def _sides(size: tuple[int, int]) -> dict[str, int]:
    return {'width': size[0], 'height': size[1]}
