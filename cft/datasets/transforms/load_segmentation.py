"""Read a segmentation mask and check it."""

import numpy as np
from mmseg.datasets.transforms import LoadAnnotations

from cft.datasets.masks import TOOL, Palettes, labels_in, new_labels, read_mask
from cft.datasets.orientation import Labelled, label_frames, read_header, turn_map
from cft.errors import ConfigError, DataError
from cft.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadSegmentation(LoadAnnotations):
    """mmseg's ``LoadAnnotations`` that names the file of a mask it cannot use.

    An image that comes alone, to be predicted, has no mask to read. A mask of
    the stored pixels of an image that EXIF turns is turned with it, as
    :class:`cft.datasets.voc_segmentation.VOCSegmentation` tells by
    ``mask_turn``; without that, as the sizes of the two files tell.

    Args:
        num_classes: Labels from 0 to ``num_classes - 1`` are valid; None in a config that leaves it to the data, where
            cft fills it in.
        ignore_index: The label of pixels without a class.
        kwargs: Those of mmseg's ``LoadAnnotations``.

    Raises:
        ConfigError: If masks are to be read with another library than Pillow, or ``num_classes`` is still None.
        DataError: If the mask is unreadable, no map of indices, of another
            size than the image, with a label out of range, or an index has
            another colour than in a mask before.

    Example:
        >>> pipeline = [dict(type='LoadImageFromFile'), dict(type='cft.LoadSegmentation', num_classes=21)]
    """

    def __init__(self, num_classes: int | None, ignore_index: int = 255, **kwargs: object) -> None:
        super().__init__(**kwargs)
        if self.imdecode_backend != 'pillow':
            raise ConfigError("cft.LoadSegmentation reads masks with Pillow; set imdecode_backend='pillow'")
        if num_classes is None:
            raise ConfigError(
                'LoadSegmentation: num_classes is None: cft fills it in from the masks; with other tools set it, and '
                'that of the heads, yourself'
            )
        self.num_classes = num_classes
        self.ignore_index = ignore_index
        self._palettes = Palettes(range(num_classes))

    def transform(self, results: dict) -> dict:
        return super().transform(results) if 'seg_map_path' in results else results

    def _load_seg_map(self, results: dict) -> None:
        path = results['seg_map_path']
        labels, palette, orientation = read_mask(path, self.backend_args)
        turn = results.get('mask_turn')
        if turn is None:
            turn = _turn_by_sizes(results.get('img_path'), path, labels, orientation)
        labels = turn_map(labels, turn)
        # The image may have been resized; a mask is always that of the original.
        if labels.shape != tuple(results['ori_shape']):
            raise DataError(f'{path} is {_size(labels.shape)}, its image {_size(results["ori_shape"])}')
        used = labels_in(labels)
        self._palettes.check(path, used[used != self.ignore_index], palette)
        moved = new_labels(results.get('reduce_zero_label', False), results.get('label_map'))
        if moved is not None:
            labels, used = moved[labels], np.unique(moved[used])
        wrong = [int(label) for label in used if label >= self.num_classes and label != self.ignore_index]
        if wrong:
            raise DataError(
                f'{path} has the labels {wrong}; valid are 0 to {self.num_classes - 1}, and {self.ignore_index} '
                f'for none. Is num_classes right, or is the mask coloured? {TOOL} converts colours'
            )
        results['gt_seg_map'] = np.ascontiguousarray(labels)
        results['seg_fields'].append('gt_seg_map')


def _turn_by_sizes(image: str | None, path: str, labels: np.ndarray, orientation: int) -> int:
    header = None if image is None else read_header(image)
    if header is None or header.orientation in (1, orientation):
        return orientation
    sample = Labelled(str(image), path, header, labels.shape[::-1])
    return header.orientation if label_frames([sample], None, path) == ['stored'] else 1


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[1]} x {shape[0]} pixels'
