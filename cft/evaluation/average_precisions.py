"""Average precision of a class in the three forms that are reported."""

from collections.abc import Callable

import numpy as np


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
    from sklearn.metrics import average_precision_score

    return of_each_class(eleven_point_precision if eleven_points else average_precision_score, scores, present)


def of_each_class(
    measure: Callable[[np.ndarray, np.ndarray], float], scores: np.ndarray, present: np.ndarray
) -> np.ndarray:
    """A measure of one class's labels and scores, for each class; as of :func:`average_precisions`.

    Example:
        >>> of_each_class(eleven_point_precision, np.array([[0.9, 1.0]]), np.array([[1, -1]]))
        array([ 1., nan])
    """
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
    precision, recall = _curve(present, scores)
    # A recall of 3/10 is meant to reach 0.3.
    return float(np.mean([precision[recall >= level / 10 - 1e-9].max() for level in range(11)]))


def interpolated_precision(present: np.ndarray, scores: np.ndarray) -> float:
    """Area under the curve of one class whose precision is the highest at this recall or a higher one.

    VOC's measure from 2010 on (its development kit, section 3.4.1), and that
    of the released SVM protocols on VOC 2007 (vissl, PCL).

    Args:
        present: (N,) booleans or 0 and 1, one of them true.
        scores: (N,).

    Example:
        >>> round(interpolated_precision(np.array([0, 1, 1]), np.array([0.9, 0.8, 0.1])), 3)
        0.667
    """
    precision, recall = _curve(present, scores)
    # From the highest recall to the lowest.
    highest = np.maximum.accumulate(precision)
    return float(-np.sum(np.diff(recall, append=0.0) * highest))


def _curve(present: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of each threshold, from the lowest on."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(present, scores)
    # The last point is scikit-learn's own and belongs to no threshold.
    return precision[:-1], recall[:-1]
