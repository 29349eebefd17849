"""Which images with masks a split takes, where the data have no such split."""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log

from cft.datasets.held_out_parts import Division, HoldOut, Part, holding_out_groups, part_of_training, source_of
from cft.datasets.mask_matching import Pair
from cft.datasets.segmentation_lists import Splits
from cft.errors import ConfigError


def pairs_of_split(splits: Splits, split: str, division: Division, root: str, tells: bool = False) -> list[Pair]:
    """Images and masks of a split: its own, or a part of the training's.

    Args:
        splits: Those that are there, as of :func:`cft.datasets.segmentation_layout.find_splits`.
        split: ``'train'``, ``'val'`` or ``'test'``.
        division: Of the training images.
        root: Name of the data set, for messages.
        tells: Whether the log tells what was held out.

    Raises:
        ConfigError: If nothing can be held out.

    Example:
        >>> len(pairs_of_split(find_splits('cells'), 'val', Division(), 'cells'))  # doctest: +SKIP
        30
    """
    source = source_of(split, splits.keys() & {'val', 'test'}, division, f'{root} has no test images')
    if source.own:
        return splits[source.split]
    pairs = splits['train']
    return [pairs[index] for index in part_of_training(source, len(pairs), holding_out_pairs(pairs, root, tells))]


def holding_out_pairs(pairs: Sequence[Pair], root: str, tells: bool = False) -> HoldOut:
    """A choice of images in which sub-folders are not divided.

    Args:
        pairs: Of training.
        root: Name of the data set, for messages.
        tells: Whether the log tells what was held out.

    Raises:
        ConfigError: When it is used, if there is one image only.

    Example:
        >>> from pathlib import Path
        >>> pairs = [Pair(f'{patient}/{i}', Path(), Path()) for patient in 'abc' for i in range(4)]
        >>> len(holding_out_pairs(pairs, 'scans')(range(12), Part('val', 0.3, seed=0)))
        4
    """
    folders = {pair.name.split('/')[0] for pair in pairs if '/' in pair.name}
    # One folder alone, with all images, says nothing of what belongs together.
    divided = len(folders) > 1 or (len(folders) == 1 and any('/' not in pair.name for pair in pairs))
    groups = [pair.name.split('/')[0] if divided else pair.name for pair in pairs]
    choose = holding_out_groups(groups, root)

    def hold_out(left: Sequence[int], part: Part) -> set[int]:
        if len(pairs) < 2:
            raise ConfigError(
                f'{root} has one image with a mask, so that none can be held out for {part.words}; add images'
            )
        chosen = choose(left, part)
        if tells:
            whole = sorted({groups[index] for index in chosen} & folders)
            which = f': the folders {", ".join(whole[:5])}{", ..." if whole[5:] else ""} of {len(folders)}'
            much = len(chosen) > 2 * part.fraction * len(left) + 1
            more = (
                f'; folders are not divided, so that these are more than {part.fraction:.0%}' if whole and much else ''
            )
            told = f'{len(chosen)} of {len(left)} images are held out for {part.words}{which if whole else ""}{more}'
            print_log(f'{root}: {told}', 'current', logging.WARNING if more else logging.INFO)
        return chosen

    return hold_out
