"""Fashion-MNIST as Debian's package dataset-fashion-mnist installs it."""

import gzip
import math
import zlib
from pathlib import Path

import cv2
import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.categories import FASHIONMNIST_CATEGORITES

from cft.datasets.splits import stratified_indices
from cft.errors import ConfigError
from cft.registry import DATASETS

FILES = {'train': 'train', 'val': 'train', 'test': 't10k'}
PACKAGE_FOLDER = '/usr/share/datasets/fashion-mnist'


# Bytes of its largest file, unpacked.
LARGEST = 16 + 60_000 * 28 * 28


def read_idx(path: Path, item: tuple[int, ...]) -> np.ndarray:
    """Read an idx file of bytes, compressed or not, and no more of it than the largest original has.

    Args:
        path: The file.
        item: Shape of each of its N items.

    Returns:
        (N, *item) uint8.

    Raises:
        ConfigError: If it is damaged, longer than the original or of another kind.

    Example:
        >>> read_idx(Path('train-labels-idx1-ubyte.gz'), ()).shape  # doctest: +SKIP
        (60000,)
    """
    try:
        with (gzip.open if path.suffix == '.gz' else open)(path, 'rb') as file:
            content = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(f'{path} is damaged ({error}); download it again') from error
    start = 4 * (2 + len(item))
    kind, shape = content[:4], tuple(np.frombuffer(content[4:start], '>u4').tolist()) if len(content) >= start else ()
    if kind != bytes([0, 0, 8, 1 + len(item)]) or shape[1:] != item or len(content) != start + math.prod(shape):
        raise ConfigError(f'{path} is no complete file of Fashion-MNIST; download it again')
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


@DATASETS.register_module()
class FashionMNIST(BaseDataset):
    """70,000 grey images of clothes, 28x28 pixels, 10 classes (Xiao et al. 2017).

    The four files may be compressed (``.gz``), as the package and the download
    have them, or not. Samples hold ``img`` (28, 28, 3) uint8 and ``gt_label``.

    Args:
        data_root: Folder of ``train-images-idx3-ubyte.gz`` and its like.
        split: ``'train'``, ``'val'`` (held out of the training file) or ``'test'``.
        train_per_class: Number of training images of each class, a fixed draw;
            None: all that validation leaves.
        val_per_class: Number of validation images of each class.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If a file is missing or damaged, or the split is unknown.

    Example:
        >>> FashionMNIST(split='test')  # doctest: +SKIP
    """

    METAINFO = {'classes': tuple(FASHIONMNIST_CATEGORITES)}

    # What training, validation and test must agree in.
    DIVIDED_BY = ('val_per_class',)

    def __init__(
        self,
        data_root: str = PACKAGE_FOLDER,
        split: str = 'train',
        train_per_class: int | None = None,
        val_per_class: int = 100,
        **kwargs: object,
    ) -> None:
        if split not in FILES:
            raise ConfigError(f'split must be one of {sorted(FILES)}, got {split!r}')
        self.split = split
        self.train_per_class = train_per_class
        self.val_per_class = val_per_class
        super().__init__(ann_file='', data_root=data_root, **{'serialize_data': False, **kwargs})

    def load_data_list(self) -> list[dict]:
        images = self._read('images-idx3-ubyte')
        labels = self._read('labels-idx1-ubyte').astype(np.int64)
        return [
            {'img': cv2.cvtColor(images[index], cv2.COLOR_GRAY2BGR), 'gt_label': int(labels[index])}
            for index in self._chosen(labels)
        ]

    def _chosen(self, labels: np.ndarray) -> np.ndarray:
        if self.split == 'test':
            return np.arange(len(labels))
        held_out = stratified_indices(labels, 0, self.val_per_class)
        if self.split == 'val':
            return held_out
        rest = np.setdiff1d(np.arange(len(labels)), held_out)
        if self.train_per_class is None:
            return rest
        return rest[stratified_indices(labels[rest], 0, self.train_per_class)]

    def _read(self, what: str) -> np.ndarray:
        path = Path(self.data_root) / f'{FILES[self.split]}-{what}'
        found = next((file for file in (path.with_name(f'{path.name}.gz'), path) if file.is_file()), None)
        if found is None:
            raise ConfigError(
                f'no {path}.gz; install the Debian package dataset-fashion-mnist, or put the four files of '
                'Fashion-MNIST into a folder and name it with --cfg-options data_root=FOLDER'
            )
        return read_idx(found, (28, 28) if what.startswith('images') else ())
