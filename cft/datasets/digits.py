"""scikit-learn's handwritten digits, real images that need no download."""

import functools
import gzip
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from mmpretrain.datasets import BaseDataset

from cft.registry import DATASETS

SPLIT_SIZES = {'train': 1000, 'val': 297, 'test': 500}
FILE = Path('datasets', 'data', 'digits.csv.gz')


@functools.cache
def read_digits() -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of :func:`sklearn.datasets.load_digits`, without importing scikit-learn, which takes long.

    Returns:
        (1797, 64) float64, from 0 to 16, and (1797,) int64; both read-only, as they are kept.

    Example:
        >>> images, labels = read_digits()
        >>> images.shape, float(images.max()), labels[:4].tolist()
        ((1797, 64), 16.0, [0, 1, 2, 3])
    """
    folders = getattr(find_spec('sklearn'), 'submodule_search_locations', None) or []
    file = next((path for folder in folders if (path := Path(folder, FILE)).is_file()), None)
    if file is None:
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
    else:
        with gzip.open(file, 'rt') as lines:
            rows = np.loadtxt(lines, delimiter=',')
        images, labels = rows[:, :-1], rows[:, -1].astype(int)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


@functools.cache
def enlarged_digits(size: int) -> tuple[np.ndarray, ...]:
    """All digits as (size, size, 3) uint8; read-only, as they are kept.

    Example:
        >>> enlarged_digits(16)[0].shape
        (16, 16, 3)
    """
    return tuple(_enlarge(pixels, size) for pixels in read_digits()[0])


def _enlarge(pixels: np.ndarray, size: int) -> np.ndarray:
    grey = np.round(pixels.reshape(8, 8) * (255 / 16)).astype(np.uint8)
    enlarged = cv2.cvtColor(cv2.resize(grey, (size, size), interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    enlarged.flags.writeable = False
    return enlarged


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
        images, labels = enlarged_digits(self.size), read_digits()[1]
        order = np.random.default_rng(0).permutation(len(labels))
        names = list(SPLIT_SIZES)
        bounds = np.cumsum([0, *SPLIT_SIZES.values()])
        part = order[slice(*bounds[names.index(self.split) :][:2])]
        return [{'img': images[index], 'gt_label': int(labels[index])} for index in part]
