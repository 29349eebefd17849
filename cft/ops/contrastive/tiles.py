"""The tiles that cover the similarities of anchors to candidates, each with the kind of its pairs."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch

from .rows import Rows

# Rows and columns of a tile. One thread took 4 to 7 % less time with 512 at 4,096 rows; two threads on a busy machine
# took a third less with 1,024, as there are fewer operations that they wait for each other after.
TILE = 1024


class Tile(NamedTuple):
    """Similarities of some anchors to some candidates.

    Attributes:
        rows: Of the anchors.
        columns: Of the candidates.
        kind: Whether all pairs are positive or negative, or there may be both.
        diagonal: The candidates are these anchors themselves.
        mirrored: The candidates are other anchors: the transposed tile stands for theirs.

    Example:
        >>> Tile(slice(0, 2), slice(0, 2), 'mixed', diagonal=True, mirrored=False).kind
        'mixed'
    """

    rows: slice
    columns: slice
    kind: Literal['positive', 'negative', 'mixed']
    diagonal: bool
    mirrored: bool


def tiles_of(anchors: Rows, candidates: Rows) -> Iterator[Tile]:
    """Cover all pairs; each pair once if the candidates are the anchors.

    Args:
        anchors: Sorted by class.
        candidates: Sorted by class; ``anchors`` itself if each is compared with the others.

    Example:
        >>> anchors = Rows(torch.eye(2), torch.tensor([0, 1]))
        >>> [tile.kind for tile in tiles_of(anchors, Rows(torch.eye(2), torch.tensor([2, 2])))]
        ['negative']
    """
    own = candidates is anchors
    rows = _blocks(anchors.labels)
    for i, (row, first, last) in enumerate(rows):
        for j, (column, other_first, other_last) in enumerate(rows[i:] if own else _blocks(candidates.labels)):
            diagonal = own and j == 0
            kind: Literal['positive', 'negative', 'mixed']
            if last < other_first or other_last < first:
                kind = 'negative'
            elif first == last == other_first == other_last and not diagonal:
                kind = 'positive'
            else:
                kind = 'mixed'
            yield Tile(row, column, kind, diagonal, mirrored=own and not diagonal)


def _blocks(labels: torch.Tensor) -> list[tuple[slice, int, int]]:
    """Consecutive rows, with their first and last class."""
    number = len(labels)
    slices = [slice(start, min(start + TILE, number)) for start in range(0, number, TILE)]
    ends = labels[[index for part in slices for index in (part.start, part.stop - 1)]].tolist()
    return list(zip(slices, ends[::2], ends[1::2], strict=True))


def similarities(tile: Tile, anchors: Rows, candidates: Rows, temperature: float, buffer: torch.Tensor) -> torch.Tensor:
    """Those of a tile, in the memory of ``buffer``.

    Example:
        >>> anchors = Rows(torch.eye(2), torch.tensor([0, 1]))
        >>> (tile,) = tiles_of(anchors, anchors)
        >>> similarities(tile, anchors, anchors, 0.5, torch.empty(4)).tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """
    rows, columns = anchors.rows[tile.rows], candidates.rows[tile.columns]
    out = buffer[: len(rows) * len(columns)].view(len(rows), len(columns))
    return torch.addmm(out, rows, columns.T, beta=0, alpha=1 / temperature, out=out)


def tile_space(anchors: Rows, candidates: Rows) -> torch.Tensor:
    """Memory for the similarities of the largest tile.

    Example:
        >>> anchors = Rows(torch.eye(2), torch.tensor([0, 1]))
        >>> len(tile_space(anchors, anchors))
        4
    """
    return anchors.rows.new_empty(min(TILE, len(anchors.labels)) * min(TILE, len(candidates.labels)))


def positive_pairs(tile: Tile, anchors: Rows, candidates: Rows) -> torch.Tensor:
    """Where a tile's pairs are of one class.

    Example:
        >>> anchors = Rows(torch.eye(2), torch.tensor([0, 0]))
        >>> (tile,) = tiles_of(anchors, anchors)
        >>> positive_pairs(tile, anchors, anchors).all()
        tensor(True)
    """
    return anchors.labels[tile.rows, None] == candidates.labels[tile.columns]
