"""A few labels per class, or a held-out part, of any labelled dataset."""

import numpy as np
from torch.utils.data import Dataset

from cft.datasets.splits import stratified_indices
from cft.registry import DATASETS


@DATASETS.register_module()
class StratifiedSubset(Dataset):
    """Keep part of each class of another dataset.

    Args:
        dataset: Config of a dataset with ``get_gt_labels`` (all of mmpretrain's).
        per_class: Number of samples kept of each class.
        fraction: Part kept of each class, instead of ``per_class``.
        held_out: Keep exactly the samples that the same arguments with
            ``held_out=False`` leave, e.g. a validation split.
        seed: Which draw; of one seed, 1 % of the labels are among the 10 %.

    Example:
        >>> train = dict(type='cft.StratifiedSubset', fraction=0.9, dataset=dict(type='CIFAR10', data_root='data'))
        >>> val = dict(type='cft.StratifiedSubset', fraction=0.9, held_out=True, dataset=train['dataset'])
    """

    def __init__(
        self,
        dataset: dict,
        per_class: int | None = None,
        fraction: float | None = None,
        held_out: bool = False,
        seed: int = 0,
    ) -> None:
        self.dataset = DATASETS.build(dataset)
        self.dataset.full_init()
        labels = self.dataset.get_gt_labels()
        chosen = stratified_indices(labels, seed, per_class, fraction)
        self.indices = np.setdiff1d(np.arange(len(labels)), chosen) if held_out else chosen

    @property
    def metainfo(self) -> dict:
        """Meta information of the whole dataset."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Nothing is left to do; MMEngine's data loader calls it."""

    def get_gt_labels(self) -> np.ndarray:
        """(N,) labels of the subset."""
        return np.asarray(self.dataset.get_gt_labels())[self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> dict:
        return self.dataset[int(self.indices[index])]
