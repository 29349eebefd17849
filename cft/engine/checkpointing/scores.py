"""Which figures of a validation can be compared with others."""

import math
from collections.abc import Mapping

# COCO's tools write -1 for a precision or recall that nothing was found to measure.
UNDEFINED = -1
COCO_MEASURES = ('mAP', 'AR@')


def is_comparable(name: str, value: object) -> bool:
    """Whether a measured value says something of the model: it is finite, and not COCO's -1.

    Args:
        name: Of the metric.
        value: A number, or what has one.

    Example:
        >>> is_comparable('mIoU', float('nan')), is_comparable('coco/bbox_mAP', -1.0), is_comparable('loss', -1.0)
        (False, False, True)
    """
    try:
        number = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return False
    return math.isfinite(number) and not (number == UNDEFINED and any(part in name for part in COCO_MEASURES))


def comparable_scores(metrics: Mapping[str, object]) -> dict[str, object]:
    """The metrics of a validation, None in the place of those that cannot be compared; MMEngine skips these.

    Example:
        >>> comparable_scores({'mIoU': float('nan'), 'aAcc': 71.3})
        {'mIoU': None, 'aAcc': 71.3}
    """
    return {name: value if is_comparable(name, value) else None for name, value in metrics.items()}
