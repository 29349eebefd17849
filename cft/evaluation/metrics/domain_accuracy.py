"""Accuracy of each domain, and their mean."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from cft.errors import ConfigError
from cft.registry import METRICS

AVERAGE = 'average'


def domain_accuracies(correct: np.ndarray, domains: np.ndarray) -> dict[int, float]:
    """Per cent of correct predictions in each domain.

    Args:
        correct: (N,) booleans.
        domains: (N,) domain indices.

    Returns:
        One entry for each domain that occurs, by ascending index.

    Example:
        >>> domain_accuracies(np.array([True, False, True]), np.array([0, 0, 2]))
        {0: 50.0, 2: 100.0}
    """
    return {int(domain): float(100 * np.mean(correct[domains == domain])) for domain in np.unique(domains)}


@METRICS.register_module()
class DomainAccuracy(BaseMetric):
    """``accuracy/<domain>`` for each domain, and ``accuracy/average``.

    The average is that of the domains, not of the images: by it DomainBed
    chooses a checkpoint on the held-out parts of the training domains
    (Gulrajani and Lopez-Paz, ICLR 2021; ``IIDAccuracySelectionMethod`` of its
    code takes the first maximum, as ``CheckpointHook`` does). On the test split
    of :class:`cft.datasets.DomainFolder` both are the held-out domain's.

    Values are per cent.

    Args:
        collect_device: ``'cpu'`` or ``'gpu'``, to gather the ranks' predictions.
        prefix: Replaces ``'accuracy'``.

    Raises:
        ConfigError: Before the first batch, if the dataset does not name its
            domains or one is called ``average``; at the first batch, if a
            sample does not carry ``domain``.

    Example:
        >>> val_evaluator = dict(type='cft.DomainAccuracy')
        >>> default_hooks = dict(checkpoint=dict(save_best='accuracy/average', rule='greater'))
    """

    default_prefix = 'accuracy'

    @property
    def dataset_meta(self) -> dict | None:
        """Meta information of the dataset, with ``domains``."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        if 'domains' not in dataset_meta:
            raise ConfigError('cft.DomainAccuracy needs a dataset that names its domains, such as cft.DomainFolder')
        if AVERAGE in dataset_meta['domains']:
            raise ConfigError(f'a domain called {AVERAGE!r} cannot be told from the mean of all; rename its folder')
        self._dataset_meta = dataset_meta

    def process(self, data_batch: object, data_samples: Sequence[dict]) -> None:
        """Keep (domain, correct) of each sample."""
        for sample in data_samples:
            if 'domain' not in sample:
                raise ConfigError(
                    "cft.DomainAccuracy: the samples do not carry 'domain'; write "
                    "dict(type='PackInputs', meta_keys=('img_path', 'domain')) in the evaluation pipeline"
                )
            correct = int(sample['pred_score'].argmax()) == int(sample['gt_label'])
            self.results.append((int(sample['domain']), correct))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Accuracies of all ranks' samples."""
        domains, correct = (np.array(column) for column in zip(*results, strict=True))
        accuracies = domain_accuracies(correct, domains)
        assert self.dataset_meta is not None, 'evaluators tell it before they process'
        named = {self.dataset_meta['domains'][domain]: value for domain, value in accuracies.items()}
        return {**named, AVERAGE: float(np.mean(list(accuracies.values())))}
