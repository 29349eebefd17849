"""IoU of semantic segmentation, also weighted by how frequent the classes are."""

import numpy as np
from mmseg.evaluation import IoUMetric

from cft.registry import METRICS


@METRICS.register_module()
class FWIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric`` with the frequency-weighted IoU, as Core-tuning's table 12 reports it.

    ``FWIoU = sum_c f_c IoU_c`` in per cent, f_c the part of the labelled pixels
    that are of class c. ``mAcc`` is what the paper calls MPA, ``mIoU`` its MIoU.

    Args:
        kwargs: Those of :class:`mmseg.evaluation.IoUMetric`.

    Example:
        >>> val_evaluator = dict(type='cft.FWIoUMetric', iou_metrics=['mIoU'])
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        metrics = super().compute_metrics(results)
        if not self.format_only:
            intersection, union, _, label = (sum(areas).double().numpy() for areas in zip(*results, strict=True))
            # A class that neither labels nor predictions have weighs nothing.
            iou = intersection / np.maximum(union, 1)
            metrics['FWIoU'] = round(float((label * iou).sum() / max(label.sum(), 1)) * 100, 2)
        return metrics
