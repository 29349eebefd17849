"""The difference of two methods that met the same draws, and the correction for several such differences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Of the intervals, and of the decisions that a corrected p-value takes.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class PairedDifference:
    """Mean of the differences within pairs, with Student's interval and test.

    Attributes:
        pairs: Number of pairs n.
        mean: Of the differences.
        low: Lower end of the 95 % interval; nan where there is none.
        high: Upper end.
        p: Two-sided, of the hypothesis that the true mean is 0; nan for one pair.

    Example:
        >>> PairedDifference(pairs=5, mean=0.76, low=0.21, high=1.31, p=0.018).low > 0
        True
    """

    pairs: int
    mean: float
    low: float
    high: float
    p: float


def paired_difference(
    values: Sequence[float] | np.ndarray, reference: Sequence[float] | np.ndarray
) -> PairedDifference:
    """Compare two methods pair by pair.

    The interval is ``mean ± t(0.975, n - 1) s / sqrt(n)`` with the standard
    deviation ``s`` of the differences, and p that of the paired t-test
    (Student, 1908). Equal differences other than 0 leave the t statistic
    without a value, as happens with small test sets: they have no interval, and
    p is that of the exact sign-flip test, ``2^(1 - n)``.

    Args:
        values: (n,) results of the one method.
        reference: (n,) results of the other, in the same order.

    Returns:
        ``values - reference``.

    Raises:
        ValueError: If they are not of one length, or empty.

    Example:
        >>> difference = paired_difference([91.0, 94.0, 97.0], [90.0, 92.0, 94.0])
        >>> round(difference.mean, 2), round(difference.low, 2), round(difference.high, 2), round(difference.p, 3)
        (2.0, -0.48, 4.48, 0.074)
    """
    from scipy.special import stdtr, stdtrit

    one, other = np.asarray(values, dtype=float), np.asarray(reference, dtype=float)
    if one.ndim != 1 or one.shape != other.shape or not len(one):
        raise ValueError(f'pairs are two rows of one length, got shapes {one.shape} and {other.shape}')
    differences = one - other
    n, mean = len(differences), float(differences.mean())
    if not np.isfinite(differences).all():
        return PairedDifference(n, math.nan, math.nan, math.nan, math.nan)
    if n == 1:
        return PairedDifference(1, mean, math.nan, math.nan, math.nan)
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    # Differences of decimal fractions that are equal on paper differ in the last bits.
    if error <= 1e-9 * np.abs(np.concatenate([one, other])).max():
        if np.allclose(one, other, rtol=1e-9, atol=0):
            return PairedDifference(n, 0.0, 0.0, 0.0, 1.0)
        return PairedDifference(n, mean, math.nan, math.nan, 2.0 ** (1 - n))
    half = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error
    return PairedDifference(n, mean, mean - half, mean + half, float(2 * stdtr(n - 1, -abs(mean) / error)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, so that one false discovery among all has at most the stated probability.

    Holm's step-down procedure (1979): the i-th smallest of m is multiplied by
    ``m - i + 1``, and none is below a smaller one. It asks for no independence.

    Args:
        p_values: In any order; nan, a test that was not possible, is not counted and stays.

    Returns:
        Corrected values, in the same order.

    Example:
        >>> holm([0.04, 0.01, 0.03])
        [0.06, 0.03, 0.06]
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    corrected = [math.nan] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        corrected[index] = largest
    return corrected
