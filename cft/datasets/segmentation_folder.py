"""Anybody's images and masks, with a validation split when there is none."""

from mmseg.datasets import BaseSegDataset

from cft.datasets.held_out_parts import Division
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.mask_classes import find_mask_classes
from cft.datasets.segmentation_layout import all_masks, find_splits
from cft.datasets.segmentation_parts import pairs_of_split
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
    Without test images, ``test_fraction`` is held out before that likewise; if
    it is 0, ``split='test'`` is the validation split, and a warning says so. Masks are read and checked by
    :class:`cft.datasets.transforms.LoadSegmentation`; those of stored pixels of
    images that EXIF turns are turned with them.

    Args:
        data_root: The folder.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: Part of the training images held out when there are no others; 0: none.
        seed: Which images are held out.
        test_fraction: Part of the training images held out when there are no test images; 0: none.
        test_seed: Which images these are; ``seed`` then moves the validation images alone.
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

    # What training, validation and test must agree in.
    DIVIDED_BY = (*Division._fields, 'image_folder', 'mask_folder')

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
        test_fraction: float = 0.0,
        test_seed: int = 0,
        **kwargs: object,
    ) -> None:
        if split not in SPLIT_FOLDERS:
            raise ConfigError(f'split must be one of {sorted(SPLIT_FOLDERS)}, got {split!r}')
        if not 0 <= val_fraction < 1:
            raise ConfigError(f'val_fraction must lie in [0, 1), got {val_fraction}')
        self.split, self.division = split, Division(val_fraction, seed, test_fraction, test_seed)
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
        pairs = pairs_of_split(
            self._splits, self.split, self.division, str(self.data_root), tells=self.split == 'train'
        )
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
