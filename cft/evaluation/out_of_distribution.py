"""Telling images of unknown classes from those of known ones."""

import numpy as np

from cft.errors import DataError

from .feature_rows import checked_features
from .nearest_neighbours import nearest_neighbours


def ood_auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """Area under the ROC curve of a score that is higher for known classes.

    The probability that a random image of the known classes scores above a
    random one of the unknown ones; equal scores count one half.

    Args:
        inside: (N,) scores of images of known classes.
        outside: (M,) scores of images of unknown classes.

    Returns:
        Number in [0, 1]; 1 if they separate, 0.5 for scores that tell nothing.

    Raises:
        DataError: If either is empty or a score is NaN.

    Example:
        >>> ood_auroc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
        0.875
    """
    inside, outside = (np.asarray(scores, dtype=np.float64).ravel() for scores in (inside, outside))
    if not len(inside) or not len(outside):
        raise DataError(
            f'AUROC needs images of known and of unknown classes; there are {len(inside)} and {len(outside)}'
        )
    bad = int(np.isnan(inside).sum() + np.isnan(outside).sum())
    if bad:
        raise DataError(f'{bad} of {len(inside) + len(outside)} scores are NaN')
    outside = np.sort(outside)
    below, up_to = (np.searchsorted(outside, inside, side=side) for side in ('left', 'right'))
    return float((below.sum() + up_to.sum()) / (2 * len(inside) * len(outside)))


def confidence_scores(probabilities: np.ndarray) -> np.ndarray:
    """Maximum softmax probability (Hendrycks and Gimpel 2017).

    Args:
        probabilities: (N, C).

    Returns:
        (N,), higher for images that look known.

    Raises:
        DataError: If a row is not finite.

    Example:
        >>> confidence_scores(np.array([[0.2, 0.8]])).tolist()
        [0.8]
    """
    probabilities, _ = checked_features(probabilities)
    return np.asarray(probabilities.max(axis=1), dtype=np.float64)


def neighbour_scores(
    features: np.ndarray, train_features: np.ndarray, k: int = 50, block: int | None = None
) -> np.ndarray:
    """Cosine similarity to the k-th nearest training image (Sun et al. 2022).

    They take the negative distance of l2-normalised features, which ranks
    alike and is exact to fewer digits. Rounded to 1e-12, so that images as
    near as each other tie.

    Args:
        features: (N, D).
        train_features: (M, D) of the known classes' training images.
        k: Which neighbour; the farthest one where there are fewer.
        block: As of :func:`cft.evaluation.nearest_neighbours.nearest_neighbours`.

    Returns:
        (N,), higher for images that look known.

    Raises:
        DataError: If the widths differ or a row is not finite.

    Example:
        >>> neighbour_scores(np.array([[1., 0.], [0., 1.]]), np.array([[2., 0.]])).tolist()
        [1.0, 0.0]
    """
    k = min(k, len(checked_features(train_features)[0]))
    return nearest_neighbours(features, train_features, k, block=block)[0][:, -1]
