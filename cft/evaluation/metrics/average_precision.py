"""Mean average precision of images with any number of labels."""

import logging

import numpy as np
from mmengine.logging import print_log
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.evaluation.metrics.voc_multi_label import VOCMetricMixin
from sklearn.metrics import average_precision_score, precision_recall_curve

from cft.registry import METRICS

SHOWN = 5


def average_precisions(scores: np.ndarray, present: np.ndarray, eleven_points: bool = False) -> np.ndarray:
    """Average precision of each class: the mean, over its images, of the precision down to their scores.

    Equal scores count together, so that the order of the images does not
    matter (scikit-learn's ``average_precision_score``).

    Args:
        scores: (N, K).
        present: (N, K) booleans or 0 and 1; -1: the image is left out for this class.
        eleven_points: VOC's measure until 2009 (Everingham et al., IJCV 2010, section 4.2): the mean, over the
            recalls 0, 0.1, ..., 1, of the highest precision at this recall or a higher one.

    Returns:
        (K,) values in [0, 1]; nan for a class that no image has.

    Example:
        >>> average_precisions(np.array([[0.9], [0.8], [0.1]]), np.array([[1], [0], [1]])).round(3)
        array([0.833])
    """
    measure = eleven_point_precision if eleven_points else average_precision_score
    columns = ((found[found >= 0], score[found >= 0]) for score, found in zip(scores.T, present.T, strict=True))
    return np.array([measure(found, score) if found.any() else np.nan for found, score in columns])


def eleven_point_precision(present: np.ndarray, scores: np.ndarray) -> float:
    """Eleven-point interpolated average precision of one class (Everingham et al., IJCV 2010, section 4.2).

    Args:
        present: (N,) booleans or 0 and 1, one of them true.
        scores: (N,).

    Example:
        >>> round(eleven_point_precision(np.array([1, 0, 1]), np.array([0.9, 0.8, 0.1])), 3)
        0.848
    """
    precision, recall, _ = precision_recall_curve(present, scores)
    # The last point is scikit-learn's own and belongs to no threshold.
    precision, recall = precision[:-1], recall[:-1]
    # A recall of 3/10 is meant to reach 0.3.
    return float(np.mean([precision[recall >= level / 10 - 1e-9].max() for level in range(11)]))


@METRICS.register_module()
class MeanAveragePrecision(AveragePrecision):
    """``multi-label/mAP`` in per cent, over the classes that occur.

    mmpretrain's own counts a class that no image of the split has as 0, and
    takes equal scores in the order of sorting. A warning names such classes.

    Args:
        collect_device: ``'cpu'`` or ``'gpu'``, to gather the ranks' predictions.
        prefix: Replaces ``'multi-label'``.
        eleven_points: As of :func:`average_precisions`.

    Example:
        >>> val_evaluator = dict(type='cft.MeanAveragePrecision')
        >>> default_hooks = dict(checkpoint=dict(save_best='multi-label/mAP', rule='greater'))
    """

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None, eleven_points: bool = False) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.eleven_points = eleven_points

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        scores, present = (
            np.stack([result[key].numpy(force=True) for result in results]) for key in ('pred_score', 'gt_score')
        )
        precisions = average_precisions(scores, present, self.eleven_points)
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


@METRICS.register_module()
class VOCMeanAveragePrecision(VOCMetricMixin, MeanAveragePrecision):
    """:class:`MeanAveragePrecision` of PASCAL VOC, where an image with difficult objects alone of a class is left out.

    So does its development kit. Data samples have ``gt_label_difficult``, as of :class:`mmpretrain.datasets.VOC`.

    Args:
        difficult_as_positive: True or False: such an image counts as one of the class, or as none.
        kwargs: Those of :class:`MeanAveragePrecision`.

    Example:
        >>> test_evaluator = dict(type='cft.VOCMeanAveragePrecision', eleven_points=True)
    """
