"""Accuracy by the number of training images of a class."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from mmengine.evaluator import BaseMetric

from cft.errors import ConfigError
from cft.evaluation.class_groups import GROUPS, class_group_table, class_groups
from cft.registry import DATASETS, METRICS


@METRICS.register_module()
class ClassGroupAccuracy(BaseMetric):
    """``accuracy/many``, ``accuracy/medium``, ``accuracy/few``: of images of classes with so many training images.

    A group without classes or images has no number. Values are per cent.

    Args:
        dataset: Config of the training data set, whose labels are counted.
        many: More training images than this are many.
        few: Fewer than this are few.
        collect_device: ``'cpu'`` or ``'gpu'``, to gather the ranks' predictions.
        prefix: Replaces ``'accuracy'``.

    Raises:
        ConfigError: Before the first batch, if the groups overlap, or the
            training data have not one label each, or other classes.

    Example:
        >>> train = dict(type='cft.LabelTable', data_root='data/inat18/labels.csv', split='train', val_fraction=0.)
        >>> test_evaluator = [dict(type='Accuracy'), dict(type='cft.ClassGroupAccuracy', dataset=train)]
    """

    default_prefix = 'accuracy'

    def __init__(
        self, dataset: dict, many: int = 100, few: int = 20, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        class_groups([], many, few)
        self.dataset, self.many, self.few = dataset, many, few

    @property
    def dataset_meta(self) -> dict | None:
        """Meta information of the dataset, with ``classes``."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        self._dataset_meta = dataset_meta
        names, known = (self._training[0], tuple(map(str, (dataset_meta or {}).get('classes') or ())))
        if names and known and names != known:
            raise ConfigError(
                f'cft.ClassGroupAccuracy: its training data have {len(names)} classes, and those of the evaluated data '
                f'are {len(known)} or others; let dataset be the data that the model was trained on'
            )

    @property
    def counts(self) -> np.ndarray:
        """(C,) training images of each class."""
        return self._training[1]

    @cached_property
    def _training(self) -> tuple[tuple[str, ...], np.ndarray]:
        data = DATASETS.build(self.dataset)
        data.full_init()
        labels = np.asarray(data.get_gt_labels()) if hasattr(data, 'get_gt_labels') else np.zeros((0, 0))
        if labels.ndim != 1 or labels.dtype.kind not in 'iu':
            raise ConfigError('cft.ClassGroupAccuracy counts images that have one label each; its dataset has others')
        names = tuple(str(name) for name in data.metainfo.get('classes') or ())
        return names, np.bincount(labels, minlength=len(names))

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keep (label, correct) of each sample."""
        for sample in data_samples:
            label = int(sample['gt_label'])
            self.results.append((label, int(sample['pred_score'].argmax()) == label))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Accuracies of all ranks' samples."""
        labels, correct = (np.array(column) for column in zip(*results, strict=True))
        rows = class_group_table(correct, labels, self.counts, self.many, self.few)['rows']
        return {group: row[1] for group, row in zip(GROUPS, rows, strict=True) if row[1] is not None}
