"""Some of the classes of any labelled data set, numbered anew."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from cft.datasets.sample_infos import parts_of, sample_info
from cft.errors import ConfigError
from cft.registry import DATASETS


def kept_classes(
    names: Sequence[str], classes: Sequence[str] | None = None, without: Sequence[str] | None = None
) -> list[str]:
    """Names of the classes that stay, in their order.

    Args:
        names: Of all classes.
        classes: Those that stay.
        without: Those that do not, instead.

    Raises:
        ConfigError: If both or neither are given, one is unknown, or none stays.

    Example:
        >>> kept_classes(['cat', 'dog', 'fox'], without=['dog'])
        ['cat', 'fox']
    """
    if (classes is None) == (without is None):
        raise ConfigError('cft.ClassSubset: give either classes or without')
    given = list(map(str, classes if classes is not None else without or ()))
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ConfigError(f'the data have no class {unknown[0]!r}; they have {", ".join(names)}')
    kept = [name for name in names if (name in given) == (classes is not None)]
    if not kept:
        raise ConfigError(f'no class is left without {", ".join(given)}')
    return kept


@DATASETS.register_module()
class ClassSubset(Dataset):
    """Keep the images of some classes, whose labels are 0, 1, ... in the order of the whole data set.

    Trained without a class, a model meets it as an unknown one: ``cft evaluate
    work_dirs/run ood_classes=fox``.

    Args:
        dataset: Config of a data set with one label for each image and names of the classes.
        classes: Names of those that are kept.
        without: Names of those that are not, instead.

    Raises:
        ConfigError: As :func:`kept_classes`, or if the images have no single labels.

    Example:
        >>> train = dict(type='cft.ClassSubset', without=['8', '9'], dataset=dict(type='cft.Digits', split='train'))
    """

    def __init__(
        self, dataset: dict, classes: Sequence[str] | None = None, without: Sequence[str] | None = None
    ) -> None:
        self.source = DATASETS.build(dataset)
        self.source.full_init()
        names = [str(name) for name in self.source.metainfo.get('classes') or ()]
        kept = kept_classes(names, classes, without)
        self.metainfo = {**self.source.metainfo, 'classes': tuple(kept)}
        labels = np.asarray(self.source.get_gt_labels())
        if labels.ndim != 1 or labels.dtype.kind not in 'iu':
            raise ConfigError('cft.ClassSubset: its images must have one label each')
        new = np.array([kept.index(name) if name in kept else -1 for name in names])
        self._rows = np.flatnonzero(new[labels] >= 0)
        self._labels = new[labels][self._rows]
        self._parts = parts_of(self.source)

    @property
    def data_root(self) -> str | None:
        """Folder of the images."""
        return getattr(self._parts[0][0], 'data_root', None)

    def full_init(self) -> None:
        """Nothing is left to do; MMEngine's data loader calls it."""

    def get_gt_labels(self) -> np.ndarray:
        """(N,) labels of the subset."""
        return self._labels

    def get_data_info(self, index: int) -> dict[str, Any]:
        """What the annotations say of a sample."""
        return {**sample_info(self._parts, int(self._rows[index])), 'gt_label': int(self._labels[index])}

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict:
        sample = self.source[int(self._rows[index])]
        sample['data_samples'].set_gt_label(int(self._labels[index]))
        return sample
