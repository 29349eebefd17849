"""COCO 2017 for detection."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from cft.datasets.preparation.archives import lacking_members, unpack
from cft.datasets.preparation.completeness import Finding, report_findings, some
from cft.datasets.preparation.folders import link_path, usable_names
from cft.errors import ConfigError

IMAGES = {'train2017': 118287, 'val2017': 5000}
ARCHIVES = {
    'train2017': 'train2017.zip',
    'val2017': 'val2017.zip',
    'annotations': 'annotations_trainval2017.zip',
}
PAGE = 'https://cocodataset.org/#download'


def check_split(root: Path, split: str, expected: int) -> Finding:
    """Compare the images of ``instances_<split>.json`` with the image folder, name by name.

    Args:
        root: The folder coco.
        split: ``'train2017'`` or ``'val2017'``.
        expected: Published number of images.

    Returns:
        ``found`` counts the listed images with a non-empty file; it is None if
        the annotations or the images are missing altogether.

    Raises:
        ConfigError: If the annotation file is damaged.
    """
    listing, folder = root / 'annotations' / f'instances_{split}.json', root / split
    absent = [str(path) for path in (listing, folder) if not path.exists()]
    found, problems = None, [f'no {", ".join(absent)}']
    if not absent:
        problems = []
        listed, files = _listed_images(listing), usable_names(folder)
        missing, unlisted = listed - files, files - listed
        if missing:
            problems.append(f'{len(missing):,} of {len(listed):,} images missing or empty in {folder}: {some(missing)}')
        if unlisted:
            problems.append(f'{len(unlisted):,} files of {folder} are not in {listing.name}: {some(unlisted)}')
        if len(listed) != expected:
            problems.append(f'{listing} has {len(listed):,} images, {expected:,} expected')
        found = len(listed & files)
    source = f'{ARCHIVES[split]} and {ARCHIVES["annotations"]} from {PAGE}'
    return Finding(split, f'COCO {split}', expected, found, 'detection', source, problems=tuple(problems))


def prepare_coco(
    downloads: Path | None,
    root: Path,
    needed: Sequence[str],
    console: Console,
    images: Mapping[str, int] = IMAGES,
) -> None:
    """Bring COCO into one folder and report what it holds.

    Args:
        downloads: Folder with archives or unpacked folders; None only checks.
        root: The folder coco to fill.
        needed: Splits that must be there.
        console: Where progress and the report go.
        images: Expected number of images of each split.

    Raises:
        ConfigError: If the downloads are damaged, or something is missing in the end.

    Example:
        >>> prepare_coco(Path('downloads'), Path('data/coco'), ['val2017'], Console())  # doctest: +SKIP
    """
    if downloads is not None:
        _take_coco(downloads, root, console)
    with console.status('comparing images and annotations'):
        findings = [check_split(root, split, expected) for split, expected in images.items()]
    report_findings(findings, needed, console)


def _take_coco(downloads: Path, root: Path, console: Console) -> None:
    if not downloads.is_dir():
        raise ConfigError(f'no folder {downloads}; give the folder that holds {", ".join(ARCHIVES.values())}')
    folders = {part: _unpacked(downloads, part) for part in ARCHIVES}
    archives = {part: downloads / name for part, name in ARCHIVES.items() if (downloads / name).is_file()}
    if not archives and not any(folders.values()):
        raise ConfigError(
            f'{downloads} holds neither {", ".join(ARCHIVES.values())} nor the folders {", ".join(ARCHIVES)}; '
            'give the folder of the downloads'
        )
    for part, folder in folders.items():
        archive, target = archives.get(part), root / part
        # A folder that its archive would still add to was unpacked in part.
        if folder and not target.exists() and not (archive and lacking_members(archive, part, folder)):
            link_path(folder, target)
            console.print(f'linked {folder}', highlight=False)
        if archive is not None:
            unpack(archive, part, target, root, console)


def _unpacked(downloads: Path, part: str) -> Path | None:
    pattern = 'instances_*2017.json' if part == 'annotations' else '*.jpg'
    for place in ('', 'coco', 'images', Path(ARCHIVES[part]).stem):
        folder = downloads / place / part
        if folder.is_dir() and next(folder.glob(pattern), None) is not None:
            return folder
    return None


def _listed_images(path: Path) -> set[str]:
    try:
        return {image['file_name'] for image in json.loads(path.read_bytes())['images']}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f'{path} is no complete COCO annotation file ({error}); unpack it again') from error
