"""scikit-learn's handwritten digits, real images that need no download."""

import cv2
import numpy as np
from mmpretrain.datasets import BaseDataset

from cft.registry import DATASETS

SPLIT_SIZES = {'train': 1000, 'val': 297, 'test': 500}


@DATASETS.register_module()
class Digits(BaseDataset):
    """1,797 grey digits of 8x8 pixels (UCI ML hand-written digits, test set).

    A fixed permutation divides them into 1,000 training, 297 validation and
    500 test images. Samples hold ``img`` (size, size, 3) uint8 and ``gt_label``.

    Args:
        split: ``'train'``, ``'val'`` or ``'test'``.
        size: Side in pixels to which the images are enlarged (bicubic).
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Example:
        >>> len(Digits(split='val'))
        297
    """

    METAINFO = {'classes': tuple(str(digit) for digit in range(10))}

    def __init__(self, split: str = 'train', size: int = 16, **kwargs: object) -> None:
        if split not in SPLIT_SIZES:
            raise ValueError(f'split must be one of {sorted(SPLIT_SIZES)}, got {split!r}')
        self.split = split
        self.size = size
        # Serialising is for sharing large lists among workers; its garbage collection takes seconds.
        super().__init__(ann_file='', **{'serialize_data': False, **kwargs})

    def load_data_list(self) -> list[dict]:
        # Here, as every run would wait for SciPy.
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(labels))
        names = list(SPLIT_SIZES)
        bounds = np.cumsum([0, *SPLIT_SIZES.values()])
        part = order[slice(*bounds[names.index(self.split) :][:2])]
        return [{'img': self._enlarge(images[index]), 'gt_label': int(labels[index])} for index in part]

    def _enlarge(self, pixels: np.ndarray) -> np.ndarray:
        grey = np.round(pixels.reshape(8, 8) * (255 / 16)).astype(np.uint8)
        enlarged = cv2.resize(grey, (self.size, self.size), interpolation=cv2.INTER_CUBIC)
        return cv2.cvtColor(enlarged, cv2.COLOR_GRAY2BGR)
