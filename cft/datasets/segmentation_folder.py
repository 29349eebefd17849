"""Anybody's images and masks, with a validation split when there is none."""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log
from mmseg.datasets import BaseSegDataset

from cft.datasets.group_splits import held_out_groups
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.mask_classes import find_mask_classes
from cft.datasets.mask_matching import Pair
from cft.datasets.segmentation_layout import all_masks, find_splits
from cft.datasets.voc_segmentation import mask_turns
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class SegmentationFolder(BaseSegDataset):
    """Images and masks of matching names, divided into train, val and test.

    Layout and splits are found by looking
    (:func:`cft.datasets.segmentation_layout.find_splits`). Without validation
    images, ``val_fraction`` of the training images is held out, the same ones
    every time; where images lie in sub-folders (patients, videos), whole ones.
    Without test images, ``split='test'`` is the validation split, and a warning
    says so. Masks are read and checked by
    :class:`cft.datasets.transforms.LoadSegmentation`; those of stored pixels of
    images that EXIF turns are turned with them.

    Args:
        data_root: The folder.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: Part of the training images held out when there are no others.
        seed: Which images are held out.
        image_folder: Name of the folder of images; None: one of the usual names.
        mask_folder: Name of that of the masks, likewise.
        foreground: The value of masks that stands for class 1, where 0 is class 0; None: values are labels.
        metainfo: With ``classes`` and ``palette``; None: as the data have them
            (:func:`cft.datasets.mask_classes.find_mask_classes`), for which all masks are read.
        label_frame: As of :class:`cft.datasets.voc_segmentation.VOCSegmentation`.
        kwargs: Those of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        ConfigError: If images, masks or classes are missing or do not fit each other.
        DataError: If a mask cannot be read while its values are looked at.

    Example:
        >>> SegmentationFolder('cells', split='val')  # doctest: +SKIP
    """

    def __init__(
        self,
        data_root: str,
        split: str = 'train',
        val_fraction: float = 0.1,
        seed: int = 0,
        image_folder: str | None = None,
        mask_folder: str | None = None,
        foreground: int | None = None,
        metainfo: dict | None = None,
        label_frame: str | None = None,
        **kwargs: object,
    ) -> None:
        if split not in SPLIT_FOLDERS:
            raise ConfigError(f'split must be one of {sorted(SPLIT_FOLDERS)}, got {split!r}')
        if not 0 < val_fraction < 1:
            raise ConfigError(f'val_fraction must lie between 0 and 1, got {val_fraction}')
        self.split, self.val_fraction, self.seed = split, val_fraction, seed
        self.label_frame = label_frame
        self._splits = find_splits(data_root, image_folder, mask_folder)
        if not (metainfo or {}).get('classes'):
            masks = all_masks(self._splits)
            reduced = bool(kwargs.get('reduce_zero_label'))
            found = find_mask_classes(data_root, masks, reduce_zero_label=reduced, foreground=foreground)
            metainfo, foreground = found.metainfo, found.foreground
        self.foreground = foreground
        super().__init__(data_root=str(data_root), metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict]:
        pairs = self._pairs()
        # Every data loader's process would carry them.
        del self._splits
        images, masks = ([str(pair[place]) for pair in pairs] for place in (1, 2))
        turns = mask_turns(images, masks, self.label_frame, str(self.data_root))
        label_map = None if self.foreground is None else {self.foreground: 1}
        settings = {'label_map': label_map, 'reduce_zero_label': self.reduce_zero_label}
        return [
            {'img_path': image, 'seg_map_path': mask, 'mask_turn': turn, 'seg_fields': [], **settings}
            for image, mask, turn in zip(images, masks, turns, strict=True)
        ]

    def _pairs(self) -> list[Pair]:
        split, splits = self.split, self._splits
        if split == 'test' and 'test' not in splits:
            told = f'{self.data_root} has no test images: what is reported as test is the validation split'
            print_log(told, 'current', logging.WARNING)
            split = 'val'
        if split in splits and (split != 'train' or 'val' in splits):
            return splits[split]
        held_out = held_out_pairs(splits['train'], self.val_fraction, self.seed, str(self.data_root), split == 'train')
        return [pair for pair in splits['train'] if (pair.name in held_out) == (split == 'val')]


def held_out_pairs(pairs: Sequence[Pair], fraction: float, seed: int, root: str, tell: bool = False) -> set[str]:
    """Names of the images that are held out for validation; sub-folders are not divided.

    Args:
        pairs: Of training.
        fraction: Of the images.
        seed: Which ones.
        root: Name of the data set, for messages.
        tell: Whether to log what was held out.

    Raises:
        ConfigError: If there is one image only.

    Example:
        >>> from pathlib import Path
        >>> pairs = [Pair(f'{patient}/{i}', Path(), Path()) for patient in 'abc' for i in range(4)]
        >>> len(held_out_pairs(pairs, 0.3, 0, 'scans'))
        4
    """
    folders = {pair.name.split('/')[0] for pair in pairs if '/' in pair.name}
    # One folder alone, with all images, says nothing of what belongs together.
    divided = len(folders) > 1 or (len(folders) == 1 and any('/' not in pair.name for pair in pairs))
    groups = [pair.name.split('/')[0] if divided else pair.name for pair in pairs]
    if len(set(groups)) < 2:
        raise ConfigError(f'{root} has one image with a mask, so that none can be held out for validation; add images')
    chosen = held_out_groups(groups, fraction, seed)
    held_out = {pair.name for pair, group in zip(pairs, groups, strict=True) if group in chosen}
    if tell:
        whole = sorted(chosen & folders)
        which = f': the folders {", ".join(whole[:5])}{", ..." if whole[5:] else ""} of {len(folders)}' if whole else ''
        much = len(held_out) > 2 * fraction * len(pairs) + 1
        more = f'; folders are not divided, so that these are more than {fraction:.0%}' if whole and much else ''
        told = f'{root}: {len(held_out)} of {len(pairs)} images are held out for validation{which}{more}'
        print_log(told, 'current', logging.WARNING if more else logging.INFO)
    return held_out
