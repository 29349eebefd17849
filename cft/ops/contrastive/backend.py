"""Which implementation of the two passes serves a device."""

from typing import Protocol

import torch

from . import first_pass, second_pass
from .rows import Rows
from .statistics import Statistics, Weights


class Backend(Protocol):
    """The two passes, as :func:`row_statistics` and :func:`add_gradient` on tiles have them.

    Example:
        >>> backend_of(torch.zeros(1)).row_statistics.__name__
        'row_statistics'
    """

    def row_statistics(
        self, anchors: Rows, candidates: Rows, temperature: float, *, entropy: bool = False, squares: bool = False
    ) -> Statistics: ...

    def add_gradient(
        self,
        gradient: torch.Tensor,
        anchors: Rows,
        candidates: Rows,
        temperature: float,
        anchor_weights: Weights,
        candidate_weights: Weights,
    ) -> None: ...


class _Tiles:
    """By matrix products of tiles, on any device."""

    row_statistics = staticmethod(first_pass.row_statistics)
    add_gradient = staticmethod(second_pass.add_gradient)


def backend_of(rows: torch.Tensor) -> Backend:
    """The implementation for these rows.

    Example:
        >>> type(backend_of(torch.zeros(1))).__name__
        '_Tiles'
    """
    return _Tiles()
