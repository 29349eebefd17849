"""Mean average precision of images with any number of labels."""

import logging

import numpy as np
from mmengine.logging import print_log
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.evaluation.metrics.voc_multi_label import VOCMetricMixin

from cft.evaluation.average_precisions import average_precisions
from cft.registry import METRICS

SHOWN = 5


@METRICS.register_module()
class MeanAveragePrecision(AveragePrecision):
    """``multi-label/mAP`` in per cent, over the classes that occur.

    mmpretrain's own counts a class that no image of the split has as 0, and
    takes equal scores in the order of sorting. A warning names such classes.

    Args:
        collect_device: ``'cpu'`` or ``'gpu'``, to gather the ranks' predictions.
        prefix: Replaces ``'multi-label'``.
        eleven_points: As of :func:`cft.evaluation.average_precisions.average_precisions`.

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
