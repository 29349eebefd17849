"""Where images and masks lie in somebody's folder, and how they are divided into splits."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log

from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.image_folder import SPLIT_FOLDERS, find_split_folder
from cft.datasets.image_listing import told
from cft.datasets.mask_matching import Matched, Pair, listed, match_folders, match_within, some
from cft.datasets.segmentation_lists import Splits, listed_splits
from cft.errors import ConfigError

# Usual names of the folders, in small letters.
IMAGE_FOLDERS = ('images', 'image', 'imgs', 'img', 'jpegimages', 'img_dir', 'inputs')
MASK_FOLDERS = (
    'masks', 'mask', 'labels', 'label', 'annotations', 'annotation', 'ann_dir', 'segmentationclass', 'segmentation',
    'segmentations', 'gt', 'ground_truth', 'groundtruth', 'targets',
)  # fmt: skip


def find_splits(root: str | Path, image_folder: str | None = None, mask_folder: str | None = None) -> Splits:
    """Look for images with masks of matching names.

    They lie in ``images/`` and ``masks/`` or folders of other usual names
    (``JPEGImages``, ``SegmentationClass``, ``labels``, ...), beside each other,
    or in such folders of each patient. Splits are folders (``train/images`` or
    ``images/train``, ``val``, ``test``) or lists (``train.txt``, ``val.txt``,
    also in ``ImageSets/Segmentation``).

    Args:
        root: The folder.
        image_folder: Name of the folder of images; None: one of the usual names.
        mask_folder: Name of that of the masks, likewise.

    Returns:
        Pairs of each split that is there; ``'train'`` always is.

    Raises:
        ConfigError: If there are none, an image has no mask or several, a list
            names what is not there, or two folders could be meant.

    Example:
        >>> {split: len(pairs) for split, pairs in find_splits('cells').items()}  # doctest: +SKIP
        {'train': 270, 'val': 30}
    """
    root = Path(root)
    if not root.is_dir():
        raise ConfigError(f'no folder {root}; give the folder of your images and masks with data_root=FOLDER')
    names = (image_folder, mask_folder)
    folders = {split: folder for split in SPLIT_FOLDERS if (folder := find_split_folder(root, split))}
    if 'train' in folders:
        matches = {split: _match_split(root, folder, names) for split, folder in folders.items()}
        return _complete_splits(folders, matches)
    images, masks = _role_folders(root, *names)
    if images and masks and find_split_folder(images, 'train'):
        folders = {split: folder for split in SPLIT_FOLDERS if (folder := find_split_folder(images, split))}
        labels = {split: find_split_folder(masks, split) for split in folders}
        matches = {
            split: match_within(folder) if (mask := labels[split]) is None else match_folders(folder, mask)
            for split, folder in folders.items()
        }
        return _complete_splits(folders, matches)
    matched = _match(root, names)
    return listed_splits(root, matched) or {'train': _complete(root, matched)}


def all_masks(splits: Splits) -> list[Path]:
    """Files of the masks of all splits."""
    return [pair.mask for pairs in splits.values() for pair in pairs]


def _match_split(root: Path, folder: Path, names: tuple[str | None, str | None]) -> Matched:
    """Pairs in a split's folder, or in it and in that of its masks beside it, such as ``train_masks``."""
    beside = {entry.name.lower(): entry for entry in root.iterdir() if entry.is_dir()}
    usual = [f'{folder.name.lower()}{dash}{name}' for name in (*MASK_FOLDERS, 'annot') for dash in ('_', '-', '')]
    masks = [beside[name] for name in usual if name in beside]
    return match_folders(folder, masks[0]) if masks else _match(folder, names)


def _match(place: Path, names: tuple[str | None, str | None]) -> Matched:
    images, masks = _role_folders(place, *names)
    if masks:
        return match_folders(images or place, masks)
    groups = [
        (folder, *roles)
        for folder in sorted(place.iterdir())
        if folder.is_dir() and all(roles := _role_folders(folder, *names))
    ]
    if not groups:
        return match_within(images or place)
    found = Matched([], [], [], Counter())
    for folder, images, masks in groups:
        assert images and masks, 'both are there'
        own = match_folders(images, masks)
        found.pairs.extend(pair._replace(name=f'{folder.name}/{pair.name}') for pair in own.pairs)
        found.without_mask.extend(own.without_mask)
        found.without_image.extend(own.without_image)
        found.left_out.update(own.left_out)
    return found


def _role_folders(place: Path, image_folder: str | None, mask_folder: str | None) -> tuple[Path | None, Path | None]:
    below = {entry.name.lower(): entry for entry in place.iterdir() if entry.is_dir()}

    def find(given: str | None, usual: Sequence[str], setting: str) -> Path | None:
        if given is not None:
            if not (place / given).is_dir():
                raise ConfigError(f'{setting}={given}: {place} has no such folder; it has {sorted(below)}')
            return place / given
        # VOC's Annotations are of boxes.
        found = [below[name] for name in usual if name in below and listed(below[name])[0]]
        if len(found) > 1:
            raise ConfigError(
                f'{place} has several folders that may be meant: {", ".join(path.name for path in found)}; '
                f'say which with {setting}={found[0].name}'
            )
        return found[0] if found else None

    return find(image_folder, IMAGE_FOLDERS, 'image_folder'), find(mask_folder, MASK_FOLDERS, 'mask_folder')


def _complete_splits(folders: dict[str, Path], matches: dict[str, Matched]) -> Splits:
    """Pairs of each split; test images that nobody labelled are left out, which is told."""
    unlabelled = 'test' in matches and not matches['test'].pairs and matches['test'].without_mask
    if unlabelled:
        told = f'{folders["test"]}: left out {len(unlabelled)} test images, which have no masks to test with'
        print_log(told, 'current', logging.WARNING)
    return {
        split: _complete(folders[split], matched)
        for split, matched in matches.items()
        if not (split == 'test' and unlabelled)
    }


def _complete(place: Path, matched: Matched) -> list[Pair]:
    """The pairs, if every image has one; what else lies there is told."""
    if not matched.pairs:
        number = len(matched.without_mask) + len(matched.without_image)
        there = f'{number} images, none of which is the mask of another' if number else 'no images'
        if matched.left_out:
            there += f', and {told(matched.left_out)}'
        raise ConfigError(
            f'{place} holds no image with a mask ({", ".join(SUFFIXES[:5])}, ...): {there}; put images into images/ '
            'and masks of the same names into masks/, or name the folders with image_folder=NAME mask_folder=NAME'
        )
    if matched.without_mask:
        raise ConfigError(
            f'{len(matched.without_mask)} of {len(matched.without_mask) + len(matched.pairs)} images of {place} have '
            f'no mask ({some(matched.without_mask)}); add their masks, or name the images to use in train.txt'
        )
    _tell(place, matched)
    return matched.pairs


def _tell(place: Path, matched: Matched) -> None:
    if matched.without_image:
        number = f'{len(matched.without_image)} masks without an image'
        print_log(f'{place}: left out {number}: {some(matched.without_image)}', 'current', logging.WARNING)
    if matched.left_out:
        print_log(f'{place}: left out what is no image: {told(matched.left_out)}', 'current', logging.WARNING)
