"""Which classes occur in a data set, as far as must be read to tell."""

from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from cft.datasets.masks import Palettes, labels_in, new_labels, read_mask
from cft.datasets.sample_infos import parts_of, sample_infos


class Occurrence(NamedTuple):
    """What was found.

    Attributes:
        kind: ``'images'``, ``'boxes'`` or ``'masks'``, whichever carry the labels; None if nothing does.
        labels: Values that occur, in order; of masks also those that are no class.
        looked_at: Number of samples that were read.
        total: Number of samples.
    """

    kind: str | None
    labels: list[int]
    looked_at: int
    total: int

    def absent(self, num_classes: int) -> list[int]:
        """Classes that were not found."""
        return sorted(set(range(num_classes)) - set(self.labels))


def find_classes_in_use(dataset: Dataset, num_classes: int, max_masks: int) -> Occurrence:
    """Read labels in an arbitrary order until each class has been met.

    That takes a few thousand annotations at most if there is something of each
    class; only if one is missing, all are read. Masks are files, of which
    ``max_masks`` are read at most. Boxes that are ignored do not count.

    Args:
        dataset: With wrappers or without.
        num_classes: The classes are 0 to ``num_classes - 1``.
        max_masks: Largest number of masks to read.

    Raises:
        DataError: If a mask is unreadable or has the palette of other classes.

    Example:
        >>> from cft.datasets import Digits
        >>> find_classes_in_use(Digits(split='val'), num_classes=10, max_masks=100).absent(10)
        []
    """
    parts = parts_of(dataset)
    total = sum(len(indices) for _, indices in parts)
    kind, seen, looked_at, masks = None, set[int](), 0, 0
    for part, indices in parts:
        metainfo = getattr(part, 'metainfo', {})
        palettes = Palettes(metainfo.get('classes', ()), metainfo.get('palette'))
        for info in sample_infos(part, np.random.default_rng(0).permutation(indices)):
            if seen.issuperset(range(num_classes)) or masks == max_masks:
                return Occurrence(kind, sorted(seen), looked_at, total)
            if info.get('gt_label') is not None:
                kind, found = 'images', np.ravel(info['gt_label']).tolist()
            elif 'instances' in info:
                kind, found = 'boxes', _boxes(info['instances'])
            elif info.get('seg_map_path'):
                kind, found, masks = 'masks', _pixels(info, palettes), masks + 1
            else:
                continue
            seen.update(found)
            looked_at += 1
    return Occurrence(kind, sorted(seen), looked_at, total)


def _boxes(instances: list[dict]) -> list[int]:
    return [int(box['bbox_label']) for box in instances if not box.get('ignore_flag')]


def _pixels(info: dict, palettes: Palettes) -> list[int]:
    mask = read_mask(info['seg_map_path'])
    used = labels_in(mask.labels)
    moved = new_labels(info.get('reduce_zero_label', False), info.get('label_map'))
    if moved is None:
        palettes.check(info['seg_map_path'], used[used < len(palettes.classes)], mask.palette)
        return used.tolist()
    return np.unique(moved[used]).tolist()
