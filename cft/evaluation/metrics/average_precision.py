"""Mean average precision of images with any number of labels."""

import logging

import numpy as np
from mmengine.logging import print_log
from mmpretrain.evaluation import AveragePrecision
from sklearn.metrics import average_precision_score

from cft.registry import METRICS

SHOWN = 5


def average_precisions(scores: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Average precision of each class: the mean, over its images, of the precision down to their scores.

    Equal scores count together, so that the order of the images does not
    matter (scikit-learn's ``average_precision_score``).

    Args:
        scores: (N, K).
        present: (N, K) booleans or 0 and 1.

    Returns:
        (K,) values in [0, 1]; nan for a class that no image has.

    Example:
        >>> average_precisions(np.array([[0.9], [0.8], [0.1]]), np.array([[1], [0], [1]])).round(3)
        array([0.833])
    """
    columns = zip(scores.T, present.T, strict=True)
    return np.array([average_precision_score(found, score) if found.any() else np.nan for score, found in columns])


@METRICS.register_module()
class MeanAveragePrecision(AveragePrecision):
    """``multi-label/mAP`` in per cent, over the classes that occur.

    mmpretrain's own counts a class that no image of the split has as 0, and
    takes equal scores in the order of sorting. A warning names such classes.

    Args:
        collect_device: ``'cpu'`` or ``'gpu'``, to gather the ranks' predictions.
        prefix: Replaces ``'multi-label'``.

    Example:
        >>> val_evaluator = dict(type='cft.MeanAveragePrecision')
        >>> default_hooks = dict(checkpoint=dict(save_best='multi-label/mAP', rule='greater'))
    """

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        scores, present = (
            np.stack([result[key].numpy(force=True) for result in results]) for key in ('pred_score', 'gt_score')
        )
        precisions = average_precisions(scores, present)
        absent = np.flatnonzero(np.isnan(precisions))
        if len(absent):
            classes = (self.dataset_meta or {}).get('classes') or range(len(precisions))
            names = ', '.join(str(classes[label]) for label in absent[:SHOWN]) + (
                ', ...' if len(absent) > SHOWN else ''
            )
            print_log(
                f'mAP leaves out {len(absent)} of {len(precisions)} classes, which no image of the split has: {names}',
                'current',
                logging.WARNING,
            )
        return {'mAP': float(100 * np.nanmean(precisions)) if len(absent) < len(precisions) else float('nan')}
