"""How evenly features spread over all directions (Mu and Viswanath 2018)."""

import numpy as np

from .feature_rows import blocks, checked_features, unit_rows


def isotropy(features: np.ndarray) -> float:
    """Isotropy score of l2-normalised features, ``min_c F(c) / max_c F(c)``.

    ``F(c) = sum_v exp(c . v)``, over the rows v; c runs over the eigenvectors
    of ``V^T V``. SCHaNe (equation of its table 4) prints the ratio upside
    down, while its text has 1 for isotropic features and less for others:
    this is the ratio of the text and of Mu and Viswanath.

    What neither paper states is fixed here. Rows have length 1, so that the
    number doesn't depend on the scale of a network's features. An eigenvector
    has no sign: each is taken in the direction of the larger F, once. So the
    score lies in [1 / e, 1], 1 / e for equal rows. Both directions would give
    1 / e^2 there. SCHaNe's table has scores below 1 / e, so its conventions
    are others, and its numbers not comparable.

    Args:
        features: (N, D). D x D numbers are held, and a block of rows.

    Returns:
        Number in [1 / e, 1]; 1 if features favour no direction.

    Raises:
        DataError: If a row is not finite, or there is none.

    Example:
        >>> round(isotropy(np.ones((5, 3))) * np.e, 12)
        1.0
    """
    features, _ = checked_features(features)
    dimensions = features.shape[1]
    gram = np.zeros((dimensions, dimensions))
    for part in blocks(len(features)):
        rows = unit_rows(features[part])
        gram += rows.T @ rows
    directions = np.linalg.eigh(gram)[1]
    along, against = np.zeros(dimensions), np.zeros(dimensions)
    # Products of unit vectors are at most 1, so nothing overflows.
    for part in blocks(len(features)):
        products = unit_rows(features[part]) @ directions
        along += np.exp(products).sum(axis=0)
        against += np.exp(-products).sum(axis=0)
    larger = np.maximum(along, against)
    return float(larger.min() / larger.max())
