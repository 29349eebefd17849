"""Read a segmentation mask and check it."""

import numpy as np
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image

from cft.errors import DataError
from cft.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadSegmentation(LoadAnnotations):
    """mmseg's ``LoadAnnotations`` that names the file of a mask it cannot use.

    An image that comes alone, to be predicted, has no mask to read.

    Args:
        num_classes: Labels from 0 to ``num_classes - 1`` are valid.
        ignore_index: The label of pixels without a class.
        kwargs: Those of mmseg's ``LoadAnnotations``.

    Raises:
        DataError: If the mask is unreadable, no map of indices, of another
            size than the image or with a label out of range.

    Example:
        >>> pipeline = [dict(type='LoadImageFromFile'), dict(type='cft.LoadSegmentation', num_classes=21)]
    """

    def __init__(self, num_classes: int, ignore_index: int = 255, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.ignore_index = ignore_index

    def transform(self, results: dict) -> dict:
        return super().transform(results) if 'seg_map_path' in results else results

    def _load_seg_map(self, results: dict) -> None:
        path = results['seg_map_path']
        try:
            with Image.open(path) as image:
                mode = image.mode
            super()._load_seg_map(results)
        except Exception as error:
            raise DataError(f'{path} is no readable mask ({error}); repair it or leave it out of the list') from error
        if mode.startswith(('I', 'F')):
            raise DataError(f'{path} has more than 8 bits a pixel (mode {mode}); save class indices of 0 to 255')
        mask = results['gt_seg_map']
        if mask.ndim != 2:
            raise DataError(f'{path} has {mask.shape[-1]} channels; a mask has one, of class indices')
        # The image may have been resized; a mask is always that of the original.
        if mask.shape != tuple(results['ori_shape']):
            raise DataError(f'{path} is {_size(mask.shape)}, its image {_size(results["ori_shape"])}')
        labels = np.flatnonzero(np.bincount(mask.ravel(), minlength=256))
        wrong = [int(label) for label in labels if label >= self.num_classes and label != self.ignore_index]
        if wrong:
            raise DataError(
                f'{path} has the labels {wrong}; valid are 0 to {self.num_classes - 1}, and {self.ignore_index} '
                'for none. Is num_classes right, or is the mask coloured?'
            )


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[1]} x {shape[0]} pixels'
