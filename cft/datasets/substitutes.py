"""Other images in the place of those that cannot be read."""

import logging
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from cft.errors import DataError


class Substitutes:
    """Which image stands in for one that cannot be read: the next one that can.

    It depends on the files alone, so that every run, rank and worker takes the
    same. The images found unreadable are known to all worker processes of a
    data loader, and each is told in the log once for a process of the job.

    Args:
        dataset: With ``get_data_info``.
        indices: Samples that may be used.
        max_skipped: Largest number of unreadable images.
    """

    def __init__(self, dataset: BaseDataset, indices: Sequence[int] | np.ndarray, max_skipped: int) -> None:
        self.dataset = dataset
        self.indices = np.unique(indices)
        self.max_skipped = max_skipped
        self._unreadable = torch.zeros(len(self.indices), dtype=torch.bool).share_memory_()

    def read(self, results: dict, load: Callable[[dict], dict]) -> dict:
        """Load the sample of ``results``, or the first one after it that can be read.

        Raises:
            DataError: If more than ``max_skipped`` images cannot be read.
        """
        start = int(np.searchsorted(self.indices, results['sample_idx']))
        for position in (np.arange(len(self.indices)) + start) % len(self.indices):
            if self._unreadable[position]:
                continue
            try:
                return load(results if position == start else self.dataset.get_data_info(int(self.indices[position])))
            except DataError as error:
                self._mark(int(position), error)
        raise DataError(f'none of the {len(self.indices)} images can be read; check data_root')

    def files(self) -> list[str]:
        """The unreadable images found so far."""
        found = self.indices[self._unreadable.numpy()]
        return [str(self.dataset.get_data_info(int(index))['img_path']) for index in found]

    def _mark(self, position: int, error: DataError) -> None:
        self._unreadable[position] = True
        count = int(self._unreadable.sum())
        if count > self.max_skipped:
            raise DataError(
                f'{count} images cannot be read, more than max_skipped={self.max_skipped}. The last: {error}'
            )
        print_log(f'Skipped, the next readable image takes its place: {error}', 'current', logging.ERROR)
