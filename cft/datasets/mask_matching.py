"""Which mask belongs to which image, by their names."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from cft.datasets.image_listing import list_images
from cft.errors import ConfigError

# What follows the image's name in that of its mask, and what of the image's own name the mask leaves out.
MASK_ENDINGS = tuple(
    f'{dash}{word}'
    for word in ('mask', 'masks', 'label', 'labels', 'seg', 'segmentation', 'annotation', 'gt', 'l', 'p')
    for dash in '_-'
)
IMAGE_ENDINGS = ('_image', '_img', '_sat', '_rgb')
# Compressed with losses, so that no mask is kept in them.
LOSSY = ('.jpg', '.jpeg', '.jpe', '.jfif', '.jp2', '.webp')
SHOWN = 3


class Pair(NamedTuple):
    """An image and its mask.

    Attributes:
        name: Of the image below the folder of images, without suffix.
        image: File.
        mask: File.
    """

    name: str
    image: Path
    mask: Path


class Matched(NamedTuple):
    """What two folders, or one, hold.

    Attributes:
        pairs: In the order of their names.
        without_mask: Images.
        without_image: Masks.
        left_out: Number of other files by their kind.
    """

    pairs: list[Pair]
    without_mask: list[Path]
    without_image: list[Path]
    left_out: Counter[str]


def match_folders(images: Path, masks: Path) -> Matched:
    """Pair the images of one folder with the masks of another, folders below them included.

    A mask is named like its image, in the same folder below, or has one of
    :data:`MASK_ENDINGS` behind the name: ``masks/a/7_mask.png`` for
    ``images/a/7.jpg``.

    Args:
        images: Folder; what lies in ``masks`` is no image.
        masks: Folder.

    Raises:
        ConfigError: If two images or two masks could be meant.

    Example:
        >>> match_folders(Path('cells/images'), Path('cells/masks')).pairs[0].name  # doctest: +SKIP
        '007'
    """
    found, left_out = listed(images)
    labels, others = listed(masks)
    inside = set(labels)
    return _matched(images, [path for path in found if path not in inside], masks, labels, left_out + others)


def match_within(folder: Path) -> Matched:
    """Pair images and masks that lie beside each other, in one folder or in folders below it.

    A mask has one of :data:`MASK_ENDINGS` (``7.png``, ``7_mask.png``), or the
    image is a JPEG and the mask is not (``7.jpg``, ``7.png``).

    Raises:
        ConfigError: If two masks could be meant.

    Example:
        >>> match_within(Path('cells')).pairs[0].mask.name  # doctest: +SKIP
        '007_mask.png'
    """
    files, left_out = listed(folder)
    bases = {base for path in files for base in _bases(path.with_suffix(''))}
    masks = [path for path in files if any(base in bases for base in _without_ending(path.with_suffix('')))]
    if not masks:
        stems = Counter(path.with_suffix('') for path in files)
        masks = [path for path in files if stems[path.with_suffix('')] > 1 and path.suffix.lower() not in LOSSY]
    chosen = set(masks)
    return _matched(folder, [path for path in files if path not in chosen], folder, masks, left_out)


def _matched(
    image_folder: Path, images: Sequence[Path], mask_folder: Path, masks: Sequence[Path], left_out: Counter[str]
) -> Matched:
    by_base: dict[Path, Path] = {}
    for image in images:
        name = image.relative_to(image_folder).with_suffix('')
        if (other := by_base.setdefault(name, image)) != image:
            raise ConfigError(f'{other} and {image.name} have the same name, so that one mask is for both; rename one')
    for image in images:
        for base in _bases(image.relative_to(image_folder).with_suffix('')):
            by_base.setdefault(base, image)
    of_image: dict[Path, list[Path]] = defaultdict(list)
    without_image = []
    for mask in masks:
        name = mask.relative_to(mask_folder).with_suffix('')
        meant = next((by_base[base] for base in (name, *_without_ending(name)) if base in by_base), None)
        if meant is None:
            without_image.append(mask)
        else:
            of_image[meant].append(mask)
    for image, several in of_image.items():
        if len(several) > 1:
            raise ConfigError(
                f'{image} has {len(several)} masks, {some(several)}; keep one file with the classes of all pixels'
            )
    pairs = [
        Pair(image.relative_to(image_folder).with_suffix('').as_posix(), image, of_image[image][0])
        for image in images
        if image in of_image
    ]
    return Matched(pairs, [image for image in images if image not in of_image], without_image, left_out)


def some(paths: Sequence[Path]) -> str:
    """The first of some paths."""
    return ', '.join(map(str, paths[:SHOWN])) + (', ...' if len(paths) > SHOWN else '')


def listed(folder: Path) -> tuple[list[Path], Counter[str]]:
    """What :func:`cft.datasets.image_listing.list_images` finds; ``ConfigError`` if a folder cannot be listed."""
    try:
        return list_images(folder)
    except OSError as error:
        raise ConfigError(f'{error.filename} cannot be listed: {error.strerror}; check its permissions') from error


def _bases(name: Path) -> Iterable[Path]:
    """The name of an image, as masks may begin."""
    yield name
    yield from _cut(name, IMAGE_ENDINGS)


def _without_ending(name: Path) -> Iterable[Path]:
    return _cut(name, MASK_ENDINGS)


def _cut(name: Path, endings: Sequence[str]) -> Iterable[Path]:
    for ending in endings:
        if name.name.lower().endswith(ending) and len(name.name) > len(ending):
            yield name.with_name(name.name[: -len(ending)])
