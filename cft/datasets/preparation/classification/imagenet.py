"""ImageNet (ILSVRC 2012) as folders of classes, from archives of archives or from folders already unpacked."""

import shutil
import tarfile
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from rich.console import Console

from cft.datasets.preparation.archives import damage_named
from cft.datasets.preparation.classification.annotations import read_variable
from cft.datasets.preparation.classification.downloads import archive_of, require_md5, take_parts, unpacked_of
from cft.datasets.preparation.classification.image_sets import OTHER_SETS, ImageSet, Part
from cft.datasets.preparation.classification.split_lists import lines_of
from cft.datasets.preparation.completeness import Finding, report_findings, some
from cft.datasets.preparation.folders import link_path, require_space, usable_names, visible_folders, write_complete
from cft.errors import ConfigError

DEVKIT = 'ILSVRC2012_devkit_t12'
# An archive that is being unpacked lies here, so that no reader takes half a split for the whole.
UNFINISHED = '.unfinished'
SPLITS = {'train': 'train', 'val': 'test'}


def prepare_imagenet(
    downloads: Path | None, root: Path, console: Console, wanted: ImageSet = OTHER_SETS['imagenet']
) -> None:
    """Bring ImageNet into ``root/train`` and ``root/val`` with a folder for each class, and report what it holds.

    A split takes its name when all of its images are there.

    Args:
        downloads: Folder with the three archives, or with ``train`` and ``val`` of class folders; None only checks.
        root: The folder imagenet to fill.
        console: Where progress and the report go.
        wanted: What is published.

    Raises:
        ConfigError: If the downloads are damaged, or something is missing in the end.

    Example:
        >>> prepare_imagenet(Path('downloads'), Path('data/imagenet'), Console())  # doctest: +SKIP
    """
    if downloads is not None:
        parts = {part.place: part for part in wanted.parts}
        if not downloads.is_dir():
            names = ', '.join(part.archive for part in wanted.parts)
            raise ConfigError(f'no folder {downloads}; give the folder that holds {names}, from {wanted.page}')
        for split in SPLITS:
            if not (root / split).exists():
                _take(parts[split], parts[DEVKIT], downloads, root, console, wanted)
    findings = [check_split(root / split, split, wanted) for split in SPLITS]
    report_findings(findings, ['imagenet'], console)
    train, val = ({folder.name for folder in visible_folders(root / split)} for split in SPLITS)
    if train != val:
        raise ConfigError(
            f'train and val of {root} have different classes: {some(train ^ val)}; take the official ones'
        )


def check_split(folder: Path, split: str, wanted: ImageSet) -> Finding:
    """Count the images of a split and its classes; ``found`` is None if there is no such folder."""
    expected, title = getattr(wanted, SPLITS[split]), f'{wanted.title} {split}'
    counts = {place.name: len(usable_names(place)) for place in visible_folders(folder)}
    found, problems = sum(counts.values()), []
    if not folder.is_dir():
        problems.append(f'no folder {folder}')
    elif len(counts) != wanted.classes:
        problems.append(f'{len(counts):,} class folders in {folder}, {wanted.classes:,} expected')
    elif found != expected:
        problems.append(f'{found:,} images with content in {folder}, {expected:,} expected')
    elif split == 'val' and len(set(counts.values())) > 1:
        problems.append(
            f'the classes of {folder} have between {min(counts.values())} and {max(counts.values())} images'
        )
    there = found if folder.is_dir() else None
    return Finding('imagenet', title, expected, there, 'classification', wanted.page, tuple(problems))


def _take(part: Part, kit: Part, downloads: Path, root: Path, console: Console, wanted: ImageSet) -> None:
    split, target = part.place, root / part.place
    folder = unpacked_of(part, downloads, root)
    if folder is not None:
        link_path(folder, target)
        console.print(f'linked {folder}', highlight=False)
        return
    archive = archive_of(part, downloads, root)
    if archive is None:
        raise ConfigError(
            f'{downloads} holds neither {part.archive} nor a folder {split} of class folders; get it from {wanted.page}'
        )
    unfinished = root / (split + UNFINISHED)
    if part.md5 and not unfinished.exists():
        require_md5(archive, part.md5, console)
    require_space(root, archive.stat().st_size - _size(unfinished))
    console.print(f'unpacking {archive.name}, {archive.stat().st_size / 1e9:.2f} GB', highlight=False)
    if split == 'train':
        _unpack_classes(archive, unfinished)
    else:
        take_parts([kit], downloads, root, wanted.page, console)
        _unpack_val(archive, unfinished, _classes_of_val(root / kit.place))
    report_findings([check_split(unfinished, split, wanted)], ['imagenet'], console)
    unfinished.rename(target)


def _unpack_classes(archive: Path, folder: Path) -> None:
    """Each member is the archive of a class, named by it."""
    with damage_named(archive), tarfile.open(archive, 'r:') as outer:
        for member in outer:
            place = folder / PurePosixPath(member.name).stem
            stream = outer.extractfile(member) if member.isfile() else None
            if stream is None or '/' in member.name or not member.name.endswith('.tar'):
                raise ConfigError(f'{archive} holds {member.name!r}, no archive of a class; download the official one')
            with tarfile.open(fileobj=stream, mode='r:') as inner:
                for image in inner:
                    _write(inner, image, place / _plain(archive, image.name))


def _unpack_val(archive: Path, folder: Path, classes: list[str]) -> None:
    """Images named by their number, which counts the lines of the ground truth from 1."""
    with damage_named(archive), tarfile.open(archive, 'r:') as images:
        for image in images:
            name = _plain(archive, image.name)
            digits = Path(name).stem.rpartition('_')[2]
            if not digits.isdigit() or not 1 <= int(digits) <= len(classes):
                raise ConfigError(f'{archive} holds {name!r}, whose class nothing tells; download the official archive')
            _write(images, image, folder / classes[int(digits) - 1] / name)


def _classes_of_val(kit: Path) -> list[str]:
    """Class of each validation image, by the development kit."""
    synsets = np.atleast_1d(read_variable(kit / 'data/meta.mat', 'synsets'))
    classes = {int(row['ILSVRC2012_ID']): str(row['WNID']) for row in synsets}
    numbers = lines_of(kit / 'data/ILSVRC2012_validation_ground_truth.txt')
    try:
        return [classes[int(number)] for number in numbers]
    except (ValueError, KeyError) as error:
        raise ConfigError(f'{kit} has no class for {error}; download the kit again') from error


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    if place.is_file() and place.stat().st_size == member.size:
        return
    stream = archive.extractfile(member) if member.isfile() else None
    if stream is None:
        raise ConfigError(f'{member.name!r} for {place.parent} is no plain file; download the official archive')
    with stream:
        write_complete(place, partial(shutil.copyfileobj, stream, length=2**20))


def _plain(archive: Path, name: str) -> str:
    if PurePosixPath(name).name != name or name.startswith('.') or '\\' in name or ':' in name:
        raise ConfigError(f'{archive} is not unpacked: {name!r} is no plain name; download the official archive')
    return name


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file())
