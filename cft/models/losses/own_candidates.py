"""Candidates of one anchor alone: a generated positive or negative of each row."""

from typing import NamedTuple

import torch

from cft.ops import by_row_blocks, l2_normalize


class OwnCandidate(NamedTuple):
    """One more candidate of each anchor.

    Attributes:
        logits: (n,) cosine similarity divided by the temperature.
        exists: (n,) boolean, which anchors have it.
        positive: Whether it is a positive.

    Example:
        >>> OwnCandidate(torch.zeros(1), torch.ones(1, dtype=torch.bool), positive=True).positive
        True
    """

    logits: torch.Tensor
    exists: torch.Tensor
    positive: bool


def own_candidate(
    features: torch.Tensor,
    extra: torch.Tensor,
    mask: torch.Tensor | None,
    temperature: float,
    positive: bool,
    unit: bool = False,
) -> OwnCandidate:
    """Compare row i with row i of ``extra``.

    Args:
        features: (n, D), normalised here unless ``unit``.
        extra: (n, D), normalised here.
        mask: (n,) boolean, which rows of ``extra`` exist; None for all of them.
        temperature: tau > 0.
        positive: What they are.
        unit: The features are unit rows already.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> own_candidate(torch.eye(2), torch.ones(2, 2), None, 0.5, positive=True).logits
        tensor([1.4142, 1.4142])
    """
    if extra.shape != features.shape:
        raise ValueError(f'extra rows must be {tuple(features.shape)} like the features, got {tuple(extra.shape)}')
    if mask is not None and mask.shape != features.shape[:1]:
        raise ValueError(f'row mask must be ({len(features)},), got shape {tuple(mask.shape)}')
    exists = features.new_ones(len(features), dtype=torch.bool) if mask is None else mask.bool()
    cosines = by_row_blocks(_cosines if unit else _cosines_of_features, features, extra, exists)
    return OwnCandidate(cosines / temperature, exists, positive)


def _cosines(anchors: torch.Tensor, extra: torch.Tensor, exists: torch.Tensor) -> torch.Tensor:
    # A NaN in a row that does not exist, times its gradient of 0, would be NaN.
    return (anchors * l2_normalize(extra.masked_fill(~exists[:, None], 0.0))).sum(dim=1)


def _cosines_of_features(features: torch.Tensor, extra: torch.Tensor, exists: torch.Tensor) -> torch.Tensor:
    return _cosines(l2_normalize(features), extra, exists)
