"""Splits of images with masks by text files that name the images."""

import logging
from pathlib import Path

from mmengine.logging import print_log

from cft.datasets.image_decoding import SUFFIXES
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.mask_matching import Matched, Pair
from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError

LIST_FOLDERS = ('', 'ImageSets/Segmentation', 'splits')
Splits = dict[str, list[Pair]]


def listed_splits(root: Path, matched: Matched) -> Splits:
    """Pairs that ``train.txt``, ``val.txt`` and ``test.txt`` name.

    The lists lie in one of :data:`LIST_FOLDERS` and name an image a line, with
    its suffix and folders or without.

    Args:
        root: The folder.
        matched: All images and masks in it.

    Returns:
        By split; empty without a list of training images.

    Raises:
        ConfigError: If a list names what has no mask or no file, or two lists name the same image.

    Example:
        >>> listed_splits(Path('VOC2012'), matched)['val'][0].name  # doctest: +SKIP
        '2007_000033'
    """
    lists = {
        split: path
        for split, names in SPLIT_FOLDERS.items()
        if (path := next((p for f in LIST_FOLDERS for n in names if (p := root / f / f'{n}.txt').is_file()), None))
    }
    if 'train' not in lists:
        return {}
    by_name = {pair.name: pair for pair in matched.pairs}
    by_file: dict[str, list[Pair]] = {}
    for pair in matched.pairs:
        by_file.setdefault(pair.name.rsplit('/', 1)[-1], []).append(pair)
    splits: Splits = {}
    for split, path in lists.items():
        stems = [_without_suffix(line) for line in read_lines(path)]
        few = [by_file.get(stem.rsplit('/', 1)[-1], []) for stem in stems]
        found = [by_name.get(stem, near[0] if len(near) == 1 else None) for stem, near in zip(stems, few, strict=True)]
        missing = [stem for stem, pair in zip(stems, found, strict=True) if pair is None]
        if missing or not stems:
            what = f'names {len(missing)} images without a file or a mask ({", ".join(missing[:3])})'
            raise ConfigError(f'{path} {what if stems else "names no image"}; correct the list, or add the files')
        splits[split] = [pair for pair in found if pair is not None]
    _check_apart(lists, splits)
    named = {pair.name for pairs in splits.values() for pair in pairs}
    others = len(matched.pairs) + len(matched.without_mask) - len(named)
    if others:
        print_log(f'{root}: left out {others} images that no list names', 'current', logging.WARNING)
    return splits


def _check_apart(lists: dict[str, Path], splits: Splits) -> None:
    where: dict[str, str] = {}
    for split, pairs in splits.items():
        for pair in pairs:
            if (other := where.setdefault(pair.name, split)) != split:
                raise ConfigError(f'{lists[other]} and {lists[split]} both name {pair.name}; leave it in one of them')


def _without_suffix(line: str) -> str:
    path = Path(line)
    return path.with_suffix('').as_posix() if path.suffix.lower() in SUFFIXES else line
