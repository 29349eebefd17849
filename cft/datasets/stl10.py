"""STL-10: 100,000 unlabelled and 13,000 labelled images of 96 x 96 pixels."""

from pathlib import Path

import numpy as np
from mmpretrain.datasets import BaseDataset

from cft.datasets.splits import stratified_indices
from cft.errors import ConfigError
from cft.registry import DATASETS

IMAGE_SHAPE = (3, 96, 96)
IMAGE_BYTES = int(np.prod(IMAGE_SHAPE))
# The files of each split, without the ending _X.bin; 'val' is a part of 'train'.
SPLIT_FILES = {
    'train': ('train',),
    'unlabeled': ('unlabeled',),
    'train+unlabeled': ('train', 'unlabeled'),
    'val': ('train',),
    'test': ('test',),
}
ARCHIVE = 'http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz'


@DATASETS.register_module()
class STL10(BaseDataset):
    """STL-10 (Coates, Ng, Lee, AISTATS 2011) from its binary files.

    Samples hold ``img`` (96, 96, 3) uint8 in the order blue, green, red, and
    ``gt_label``, which the unlabelled images lack. Each image is read from its
    place in the file when it is asked for, so that workers need no memory for
    the 2.8 GB of them.

    Args:
        data_root: Folder that holds ``stl10_binary`` as the archive unpacks it.
        split: ``'train'`` (5,000 images), ``'unlabeled'`` (100,000),
            ``'train+unlabeled'``, ``'val'`` or ``'test'`` (8,000).
        val_fraction: Part of each training class that is held out for
            ``'val'``; the training splits then lack it. 0, as published: none.
        seed: Which images are held out.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If the split is unknown, ``'val'`` is asked for without a
            ``val_fraction``, or a file is missing, cut off or of another format.

    Example:
        >>> STL10('data/stl10', split='train+unlabeled')  # doctest: +SKIP
    """

    METAINFO = {
        'classes': ('airplane', 'bird', 'car', 'cat', 'deer', 'dog', 'horse', 'monkey', 'ship', 'truck'),
    }

    # What training, validation and test must agree in.
    DIVIDED_BY = ('val_fraction', 'seed')

    def __init__(
        self, data_root: str, split: str = 'unlabeled', val_fraction: float = 0.0, seed: int = 0, **kwargs: object
    ) -> None:
        if split not in SPLIT_FILES:
            raise ConfigError(f'STL10: split must be one of {list(SPLIT_FILES)}, got {split!r}')
        if not 0 <= val_fraction < 1:
            raise ConfigError(f'STL10: val_fraction must lie in [0, 1), got {val_fraction}')
        if split == 'val' and val_fraction == 0:
            raise ConfigError(
                "STL10 comes without a validation split; give 'train' and 'val' the same val_fraction, e.g. 0.1"
            )
        self.split = split
        self.val_fraction = val_fraction
        self.seed = seed
        super().__init__(ann_file='', data_root=str(data_root), **kwargs)

    def load_data_list(self) -> list[dict]:
        return [sample for name in SPLIT_FILES[self.split] for sample in self._samples(name)]

    def prepare_data(self, idx: int) -> dict:
        """Read the image and send it through the pipeline."""
        sample = self.get_data_info(idx)
        pixels = np.fromfile(sample['file'], np.uint8, IMAGE_BYTES, offset=sample['position'] * IMAGE_BYTES)
        # The file has the columns of the red, green and blue channel one after the other.
        sample['img'] = np.ascontiguousarray(pixels.reshape(IMAGE_SHAPE).transpose(2, 1, 0)[..., ::-1])
        return self.pipeline(sample)

    def get_gt_labels(self) -> np.ndarray:
        """(N,) labels; ``ConfigError`` if there are unlabelled images."""
        if 'unlabeled' in SPLIT_FILES[self.split]:
            raise ConfigError(f"STL10: split {self.split!r} has images without labels; use 'train'")
        return super().get_gt_labels()

    def _samples(self, name: str) -> list[dict]:
        images = self._file(f'{name}_X.bin')
        size = images.stat().st_size
        if size == 0 or size % IMAGE_BYTES:
            raise ConfigError(f'{images} has {size} bytes, no whole number of images; unpack {ARCHIVE} again')
        samples = [{'file': str(images), 'position': position} for position in range(size // IMAGE_BYTES)]
        if name == 'unlabeled':
            return samples
        labels = self._labels(self._file(f'{name}_y.bin'), len(samples))
        for sample, label in zip(samples, labels, strict=True):
            sample['gt_label'] = int(label)
        if name == 'test' or self.val_fraction == 0:
            return samples
        kept = set(stratified_indices(labels, self.seed, fraction=1 - self.val_fraction))
        return [sample for sample in samples if (sample['position'] in kept) != (self.split == 'val')]

    def _labels(self, path: Path, number: int) -> np.ndarray:
        """(N,) labels from 0; the file counts from 1."""
        labels = np.fromfile(path, np.uint8).astype(int) - 1
        if len(labels) != number or not np.isin(labels, range(len(self.metainfo['classes']))).all():
            raise ConfigError(f'{path} does not hold a label from 1 to 10 for each of {number} images; unpack it again')
        return labels

    def _file(self, name: str) -> Path:
        path = Path(self.data_root) / 'stl10_binary' / name
        if not path.is_file():
            raise ConfigError(f'no file {path}; download {ARCHIVE} and unpack it in {self.data_root}')
        return path
