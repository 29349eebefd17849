"""Rows with classes, sorted by class."""

from typing import NamedTuple

import torch


class Rows(NamedTuple):
    """Unit rows sorted by class: a tile of their similarities mostly holds pairs of one kind.

    Attributes:
        rows: (n, D) of length 1 or 0, contiguous, float32 or float64.
        labels: (n,) int64, ascending.

    Example:
        >>> Rows(torch.eye(2), torch.tensor([0, 1])).labels
        tensor([0, 1])
    """

    rows: torch.Tensor
    labels: torch.Tensor
