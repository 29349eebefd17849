"""A training set in which a known part of the labels is wrong."""

from typing import Any

import numpy as np
from torch.utils.data import Dataset

from cft.datasets.sample_infos import parts_of, sample_info
from cft.errors import ConfigError
from cft.registry import DATASETS


@DATASETS.register_module()
class NoisyLabels(Dataset):
    """Another data set with wrong labels in it, to see what a method makes of them.

    ``round(rate * N)`` samples, drawn without regard to their class, get a
    label drawn from the other classes (symmetric noise).

    Args:
        dataset: Config of a training set with ``get_gt_labels`` and
            ``metainfo['classes']``, such as a :class:`StratifiedSubset`.
        rate: Part of the labels that are wrong, from 0 to 1.
        seed: Which labels, and what they become. With the same seed those that
            are wrong at a lower rate are wrong at a higher one as well.

    Raises:
        ConfigError: If the rate is no part, there is but one class, or the data
            are not those of training: a result on wrong labels is none.

    Example:
        >>> digits = dict(type='cft.StratifiedSubset', per_class=5, dataset=dict(type='cft.Digits'))
        >>> noisy = NoisyLabels(digits, rate=0.2)
        >>> int((noisy.get_gt_labels() != noisy.source.get_gt_labels()).sum())
        10
    """

    def __init__(self, dataset: dict, rate: float, seed: int = 0) -> None:
        if not 0 <= rate <= 1:
            raise ConfigError(f'NoisyLabels: rate must lie between 0 and 1, got {rate}')
        self.source = DATASETS.build(dataset)
        self.source.full_init()
        self._parts = parts_of(self.source)
        self._require_training()
        self.labels = wrong_labels(self.source.get_gt_labels(), len(self.metainfo['classes']), rate, seed)

    @property
    def metainfo(self) -> dict:
        """Meta information of the data set."""
        return self.source.metainfo

    def full_init(self) -> None:
        """Nothing is left to do; MMEngine's data loader calls it."""

    def get_gt_labels(self) -> np.ndarray:
        """(N,) labels, wrong ones among them."""
        return self.labels

    def get_data_info(self, index: int) -> dict[str, Any]:
        """What the annotations say of a sample, with the label that it has here."""
        return {**sample_info(self._parts, index), 'gt_label': int(self.labels[index])}

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> dict:
        sample = self.source[index]
        label = int(self.labels[index])
        if 'data_samples' in sample:
            sample['data_samples'].set_gt_label(label)
            return sample
        return {**sample, 'gt_label': label}

    def _require_training(self) -> None:
        for part, _ in self._parts:
            if getattr(part, 'test_mode', False) or getattr(part, 'split', 'train') != 'train':
                raise ConfigError('NoisyLabels is for training data; validate and test on the labels as they are')


def wrong_labels(labels: np.ndarray, num_classes: int, rate: float, seed: int) -> np.ndarray:
    """Labels of which ``round(rate * N)`` are replaced by one of the other classes.

    Args:
        labels: (N,) integers in [0, num_classes).
        num_classes: At least 2.
        rate: In [0, 1].
        seed: Of the choice.

    Returns:
        (N,) int64.

    Raises:
        ConfigError: If there is no other class.

    Example:
        >>> wrong_labels(np.array([0, 1, 0, 1]), num_classes=2, rate=1, seed=0)
        array([1, 0, 1, 0])
    """
    if num_classes < 2:
        raise ConfigError('NoisyLabels needs two classes or more')
    labels = np.array(labels, dtype=np.int64)
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(labels))
    shifts = generator.integers(1, num_classes, len(labels))
    chosen = order[: round(rate * len(labels))]
    labels[chosen] = (labels[chosen] + shifts[chosen]) % num_classes
    return labels
