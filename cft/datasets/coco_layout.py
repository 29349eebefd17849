"""Find the annotation files of detection data in COCO's format, and the folders of their images."""

import mmap
from dataclasses import replace
from functools import partial
from pathlib import Path

from mmengine.logging import print_log

from cft.datasets.coco_listing import CocoListing, read_listing
from cft.datasets.detection_parts import Part, split_folders, split_of
from cft.datasets.listed_files import require_files
from cft.errors import ConfigError

KEYS = (b'"images"', b'"annotations"')
FOLDERS = ('', 'images', 'data', 'JPEGImages')
TRIED = 20


def find_coco_parts(root: Path) -> dict[str, Part]:
    """The annotation file of each split.

    Such as ``train.json``, ``annotations/instances_train2017.json`` or
    ``train/_annotations.coco.json``: a split is known by the name of the file or
    of its folder.

    Args:
        root: Of the data set.

    Returns:
        By split; a single file that names none is for training. Empty if there is no such file.

    Raises:
        ConfigError: If several files could be those of a split.

    Example:
        >>> find_coco_parts(Path('data/coco'))  # doctest: +SKIP
        {'train': Part(place=PosixPath('data/coco/annotations/instances_train2017.json'), ...), 'val': ...}
    """
    folders = split_folders(root)
    of_folder = {folder: split for split, folder in folders.items()}
    places = [root, *(root / name for name in ('annotations', 'Annotations', 'labels')), *of_folder]
    files = [file for place in dict.fromkeys(places) if place.is_dir() for file in sorted(place.glob('*.json'))]
    found: dict[str | None, list[Path]] = {}
    for file in dict.fromkeys(files):
        if _is_coco(file):
            found.setdefault(of_folder.get(file.parent) or split_of(file.stem), []).append(file)
    untold = found.pop(None, [])
    if not found and untold:
        found['train'] = untold
    elif untold:
        print_log(f'{root}: left out files whose names tell no split: {_names(untold)}', 'current', 30)
    return {
        str(split): Part(file, partial(_read, file, root, folders.get(str(split))))
        for split, file in ((split, _single(split, files)) for split, files in found.items())
    }


def _is_coco(file: Path) -> bool:
    """Whether a JSON file has the parts of COCO's, looked for without parsing it."""
    if not file.is_file() or not file.stat().st_size:
        return False
    with file.open('rb') as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return all(content.find(key) >= 0 for key in KEYS)


def _single(split: str | None, files: list[Path]) -> Path:
    """COCO's own archive has files of captions and key points beside those of the objects."""
    chosen = [file for file in files if file.stem.startswith('instances')] or files
    if len(chosen) > 1:
        raise ConfigError(
            f'any of {_names(chosen)} could hold the annotations of the {split} split; leave one of them there, or '
            'name their splits in their names'
        )
    return chosen[0]


def _names(files: list[Path]) -> str:
    return ', '.join(map(str, files))


def _read(file: Path, root: Path, split_folder: Path | None, frame: str | None) -> CocoListing:
    try:
        listing = read_listing(file)
    except ValueError as error:
        raise ConfigError(f'{file} is no COCO annotation file: {error}') from error
    if not listing.images:
        raise ConfigError(f'{file} holds no image')
    # Written on Windows.
    names = [image['file_name'].replace('\\', '/') for image in listing.images]
    folder = _image_folder(file, root, split_folder, names)
    paths = [str(folder / name) for name in names]
    require_files(paths, f'images named in {file}')
    images = [{**image, 'file_name': path} for image, path in zip(listing.images, paths, strict=True)]
    return replace(listing, images=images)


def _image_folder(file: Path, root: Path, split_folder: Path | None, names: list[str]) -> Path:
    """That of the usual folders which holds most of some listed images."""
    word = next((word for word in file.stem.split('_') if split_of(word)), '')
    tops = [file.parent, root, *([split_folder] if split_folder else []), *split_folders(root / 'images').values()]
    tops += [root / word, root / 'images' / word]
    candidates = list(dict.fromkeys(top / name for top in tops for name in FOLDERS))
    tried = names[:: max(len(names) // TRIED, 1)]
    counts = {folder: sum((folder / name).is_file() for name in tried) for folder in candidates if folder.is_dir()}
    best = max(counts, key=lambda folder: counts[folder])
    if not counts[best]:
        raise ConfigError(
            f'no image of {file} is there, such as {names[0]!r}; put the images into {root / "images"}, or correct '
            f'their file_name: looked in {_names([folder for folder in candidates if folder.is_dir()])}'
        )
    return best
