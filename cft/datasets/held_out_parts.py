"""Which training images serve as validation or test, where these have no images of their own."""

import logging
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from mmengine.logging import print_log

from cft.datasets.group_splits import held_out_groups
from cft.datasets.splits import stratified_indices
from cft.datasets.stratified_groups import held_out_groups_of, told_groups
from cft.errors import ConfigError

WORDS = {'val': 'validation', 'test': 'test'}


class Division(NamedTuple):
    """How training images are divided where other splits have none of their own.

    Attributes:
        val_fraction: Part for the validation, of what the test leaves; 0: none, all are trained on.
        seed: Which images validate.
        test_fraction: Part for the test; 0: none.
        test_seed: Which images test; apart from ``seed``, so that another validation split is judged by the same test.
    """

    val_fraction: float = 0.1
    seed: int = 0
    test_fraction: float = 0.0
    test_seed: int = 0


class Part(NamedTuple):
    """A part of the training images that another split takes."""

    split: str
    fraction: float
    seed: int

    @property
    def words(self) -> str:
        """What it is for."""
        return WORDS[self.split]


class Source(NamedTuple):
    """Where the images of a split come from.

    Attributes:
        split: Whose images they are: ``'val'`` where ``'test'`` has none.
        own: Whether the split has images of its own; otherwise they are a part of the training images.
        parts: Of the training images, that other splits take, in the order in which they are taken.
    """

    split: str
    own: bool
    parts: list[Part]

    @property
    def words(self) -> str:
        """What the split is for."""
        return WORDS.get(self.split, 'training')


# From the indices that are left to those that are held out.
HoldOut = Callable[[Sequence[int], Part], set[int]]


def source_of(split: str, own: Collection[str], division: Division, lacks: str) -> Source:
    """Say where a split comes from; a warning tells of a test that is the validation split.

    Args:
        split: ``'train'``, ``'val'`` or ``'test'``.
        own: Those of ``'val'`` and ``'test'`` that have images of their own.
        division: Of the training images.
        lacks: ``'FOLDER has no test folder'``, for the warning.

    Raises:
        ConfigError: If a fraction is out of range, or the split has no images of its own and is given none.

    Example:
        >>> source_of('train', ['val'], Division(test_fraction=0.2), 'flowers has no test folder').parts
        [Part(split='test', fraction=0.2, seed=0)]
    """
    for name in ('val_fraction', 'test_fraction'):
        if not 0 <= getattr(division, name) < 1:
            raise ConfigError(f'{name} must lie in [0, 1), got {getattr(division, name)}')
    parts = []
    if division.test_fraction and 'test' not in own:
        parts.append(Part('test', division.test_fraction, division.test_seed))
    if division.val_fraction and 'val' not in own:
        parts.append(Part('val', division.val_fraction, division.seed))
    there = {*own, *(part.split for part in parts)}
    if split != 'train' and not there & {'val', split}:
        raise ConfigError(
            f'val_fraction={division.val_fraction} holds no validation images out of the training images, and there '
            f'are no others, but {WORDS[split]} images are asked for; give a val_fraction such as 0.1'
        )
    if split == 'test' and 'test' not in there:
        print_log(
            f'{lacks}: what is reported as test is the validation split; test_fraction=0.2 holds a test part out',
            'current',
            logging.WARNING,
        )
        split = 'val'
    return Source(split, split in own, parts)


def part_of_training(source: Source, number: int, hold_out: HoldOut) -> list[int]:
    """Indices of the training images that a split takes.

    The test part is held out before the validation part, which is a fraction
    of what is left, so that no image is in two.

    Args:
        source: Of the split.
        number: Of the training images.
        hold_out: Chooses a part.

    Example:
        >>> source = source_of('val', [], Division(val_fraction=0.5, test_fraction=0.5), 'it has no test')
        >>> part_of_training(source, 8, lambda left, part: set(left[: round(len(left) * part.fraction)]))
        [4, 5]
    """
    left = list(range(number))
    for part in source.parts:
        chosen = hold_out(left, part)
        if part.split == source.split:
            return [index for index in left if index in chosen]
        left = [index for index in left if index not in chosen]
    return left


def holding_out_classes(
    labels: Sequence[Sequence[int]], groups: Sequence[str] | None, where: str, tells: bool
) -> HoldOut:
    """A choice of about the same part of each class.

    Args:
        labels: Classes of each of N samples.
        groups: Name of the group of each, which is not divided; None: sample by sample, each of one class.
        where: Name of the data, for messages.
        tells: Whether the log tells how many groups are held out.

    Example:
        >>> choose = holding_out_classes([[0], [0], [0], [1], [1]], None, 'flowers', tells=False)
        >>> len(choose(range(5), Part('test', 0.3, seed=0)))
        2
    """

    def hold_out(left: Sequence[int], part: Part) -> set[int]:
        if groups is None:
            kept = stratified_indices([labels[index][0] for index in left], part.seed, fraction=1 - part.fraction)
            return set(left) - {left[place] for place in kept}
        names = [groups[index] for index in left]
        own = [labels[index] for index in left]
        chosen = held_out_groups_of(names, own, part.fraction, part.seed, where, part.words)
        if tells:
            print_log(told_groups(names, chosen, where, part.words), 'current')
        return {left[place] for place in chosen}

    return hold_out


def holding_out_groups(groups: Sequence[str], where: str) -> HoldOut:
    """A choice of whole groups, whatever they hold.

    Args:
        groups: Name of the group of each of N samples.
        where: Name of the data, for messages.

    Raises:
        ConfigError: When it is used on fewer than two groups, or with a fraction that is out of range.

    Example:
        >>> choose = holding_out_groups(['anna', 'anna', 'bert', 'bert'], 'scans')
        >>> len(choose(range(4), Part('val', 0.5, seed=0)))
        2
    """

    def hold_out(left: Sequence[int], part: Part) -> set[int]:
        try:
            chosen = held_out_groups([groups[index] for index in left], part.fraction, part.seed)
        except ValueError as error:
            raise ConfigError(f'no {part.words} split can be made of the images of {where}: {error}') from error
        return {index for index in left if groups[index] in chosen}

    return hold_out
