"""Rows of all ranks, one rank after the other: each passes on what it has while it works on it."""

from collections.abc import Iterator

import torch
import torch.distributed as dist


def visiting_rows(rows: torch.Tensor, counts: list[int]) -> Iterator[tuple[int, torch.Tensor]]:
    """The rows of each rank, the own ones first.

    The next ones are on their way while the caller works on those at hand, so
    that a rank holds those of three ranks at most: its own, those at hand and
    the next. Every rank must take all of them.

    Args:
        rows: (n, ...) contiguous; n may differ between ranks.
        counts: Number of rows on each rank, from :func:`cft.ops.row_counts`.

    Yields:
        The rank and its rows.

    Example:
        >>> [(rank, len(rows)) for rank, rows in visiting_rows(torch.zeros(3, 2), [3])]
        [(0, 3)]
    """
    world = len(counts)
    rank = dist.get_rank() if world > 1 else 0
    current = rows
    for step in range(world):
        owner, next_owner = (rank - step) % world, (rank - step - 1) % world
        incoming, operations = current, []
        if step < world - 1:
            incoming = rows.new_empty(counts[next_owner], *rows.shape[1:])
            # A rank without rows has nothing to send.
            if counts[owner]:
                operations.append(dist.P2POp(dist.isend, current, (rank + 1) % world))
            if counts[next_owner]:
                operations.append(dist.P2POp(dist.irecv, incoming, (rank - 1) % world))
        requests = dist.batch_isend_irecv(operations) if operations else []
        yield owner, current
        for request in requests:
            request.wait()
        current = incoming
