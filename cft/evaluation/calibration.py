"""Whether probabilities mean what they say: ECE, NLL, Brier."""

import numpy as np

from cft.errors import DataError

from .feature_rows import checked_features


def checked_probabilities(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities in float64 and their labels.

    Args:
        probabilities: (N, C), rows sum to 1 within 0.001, as half precision leaves them.
        labels: (N,) integers in [0, C).

    Raises:
        DataError: If they are no probabilities, or a label has no column.

    Example:
        >>> checked_probabilities(np.array([[2.0, -1.0]]), np.array([0]))
        Traceback (most recent call last):
        cft.errors.DataError: 1 of 1 rows are no probabilities: numbers from 0 to 1 of sum 1, as a softmax gives
    """
    probabilities, labels = checked_features(probabilities, labels)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    inside = ((probabilities >= 0) & (probabilities <= 1 + 1e-3)).all(axis=1)
    bad = int((~inside | (np.abs(probabilities.sum(axis=1) - 1) > 1e-3)).sum())
    if bad:
        raise DataError(
            f'{bad} of {len(labels)} rows are no probabilities: numbers from 0 to 1 of sum 1, as a softmax gives'
        )
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise DataError(
            f'labels {labels.min()} to {labels.max()} do not fit probabilities of {probabilities.shape[1]} classes'
        )
    return probabilities, labels


def calibration_scores(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> dict[str, float]:
    """Calibration of class probabilities.

    Args:
        probabilities: (N, C), rows sum to 1.
        labels: (N,) integers in [0, C).
        bins: Of the expected calibration error.

    Returns:
        ``ece``: expected calibration error (Guo et al. 2017, equation 3): mean
        gap of confidence and accuracy over bins of equal width, each open
        below and closed above, weighted by their images; in [0, 1].
        ``nll``: mean negative log-likelihood in nats; a probability below the
        smallest normal float32 counts as that, so 87.3 is the most.
        ``brier``: mean squared distance to the one-hot label, summed over
        classes (Brier 1950), in [0, 2].

    Raises:
        DataError: If they are no probabilities, or a label has no column.

    Example:
        >>> scores = calibration_scores(np.array([[0.75, 0.25], [0.75, 0.25]]), np.array([0, 1]))
        >>> scores['ece'], round(scores['nll'], 3), scores['brier']
        (0.25, 0.837, 0.625)
    """
    probabilities, labels = checked_probabilities(probabilities, labels)
    rows = np.arange(len(labels))
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    own = probabilities[rows, labels]
    # Rows in half precision may pass 1; the last bin takes them.
    number = np.clip(np.searchsorted(np.linspace(0, 1, bins + 1), confidence, side='left') - 1, 0, bins - 1)
    gaps = np.bincount(number, weights=confidence - correct, minlength=bins)
    brier = np.square(probabilities).sum(axis=1) - 2 * own + 1
    return {
        'ece': float(np.abs(gaps).sum() / len(labels)),
        'nll': float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean()),
        'brier': float(brier.mean()),
    }
