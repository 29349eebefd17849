"""Segmentation data in VOC layout, checked before training starts."""

from pathlib import Path

from mmseg.datasets import BaseSegDataset, PascalVOCDataset

from cft.datasets.listed_files import find_listed
from cft.datasets.orientation import Header, Labelled, label_frames, read_header
from cft.datasets.preparation.text_lists import read_lines
from cft.datasets.preparation.voc_splits import SBD_SOURCE, VOC12_SOURCE
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class VOCSegmentation(BaseSegDataset):
    """Images and masks named by a list file, as PASCAL VOC keeps them.

    The classes are VOC's 21 unless ``metainfo`` gives others; class 0 is the
    background. Masks are PNG files of class indices, 255 for pixels without a
    label; :class:`cft.datasets.transforms.LoadSegmentation` reads and checks them.
    The images may have any suffix that :class:`cft.datasets.ImageFolder` reads.
    A mask of the stored pixels of an image that its EXIF orientation turns is
    turned with it (:mod:`cft.datasets.orientation`).

    Args:
        ann_file: The list.
        data_root: Folder of list, images and masks.
        metainfo: With ``classes`` and ``palette``.
        label_frame: ``'stored'`` or ``'shown'``: which pixels the masks of images turned by EXIF belong to; None: as
            the sizes of the two tell.
        kwargs: Those of :class:`mmseg.datasets.BaseSegDataset`.

    Raises:
        ConfigError: If the list, an image or a mask is missing, or the mask of
            an image turned by EXIF does not fit it.

    Example:
        >>> VOCSegmentation(
        ...     data_root='data/VOCdevkit/VOC2012', ann_file='ImageSets/Segmentation/val.txt',
        ...     data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'))  # doctest: +SKIP
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        metainfo: dict | None = None,
        label_frame: str | None = None,
        **kwargs: object,
    ) -> None:
        if not (Path(data_root) / ann_file).is_file():
            raise ConfigError(
                f'no list of images {Path(data_root) / ann_file}; prepare the data, or correct data_root: download '
                f'{VOC12_SOURCE}, and for trainaug {SBD_SOURCE}, then run '
                'python tools/datasets/prepare_voc.py DOWNLOADS --need voc12 trainaug'
            )
        self.label_frame = label_frame
        super().__init__(
            ann_file=ann_file, data_root=data_root, metainfo=metainfo or PascalVOCDataset.METAINFO, **kwargs
        )

    def load_data_list(self) -> list[dict]:
        names = read_lines(self.ann_file)
        if not names:
            raise ConfigError(f'the list {self.ann_file} names no image')
        images, masks = (
            find_listed(self.data_prefix[key], names, suffix, f'{what} named in {self.ann_file}')
            for key, suffix, what in (
                ('img_path', self.img_suffix, 'images'),
                ('seg_map_path', self.seg_map_suffix, 'masks'),
            )
        )
        turns = mask_turns(images, masks, self.label_frame, self.ann_file)
        settings = {'label_map': self.label_map, 'reduce_zero_label': self.reduce_zero_label}
        return [
            {'img_path': image, 'seg_map_path': mask, 'mask_turn': turn, 'seg_fields': [], **settings}
            for image, mask, turn in zip(images, masks, turns, strict=True)
        ]


def mask_turns(images: list[str], masks: list[str], frame: str | None, what: str) -> list[int]:
    """The EXIF orientation by which each mask must be turned to lie on its image as it is shown.

    Args:
        images: Files.
        masks: Files, one for each image.
        frame: As of :func:`cft.datasets.orientation.label_frames`.
        what: Name of the data set, for messages.

    Raises:
        ConfigError: If a mask is turned by an EXIF orientation that its image
            does not have, and as :func:`cft.datasets.orientation.label_frames` does.

    Example:
        >>> mask_turns(['a.jpg'], ['a.png'], None, 'train.txt')
        [1]
    """
    samples = []
    for image, mask in zip(images, masks, strict=True):
        header, own = read_header(image), read_header(mask)
        if header is None or own is None:
            # Their readers name them.
            header = None
        elif own.orientation not in (1, header.orientation):
            raise ConfigError(
                f'{mask} is turned by its EXIF orientation {own.orientation}, its image {image} has '
                f'{header.orientation}; save the mask as viewers show it, without EXIF'
            )
        elif own.orientation != 1:
            # Both turn alike: nothing is left to tell.
            header = Header(header.stored)
        samples.append((own, Labelled(image, mask, header, own and own.stored)))
    frames = label_frames([sample for _, sample in samples], frame, what)
    turns = []
    for (own, sample), frame_of_mask in zip(samples, frames, strict=True):
        turned = sample.header if frame_of_mask == 'stored' else own
        turns.append(turned.orientation if turned else 1)
    return turns
