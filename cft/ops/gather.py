"""Join the rows that the ranks of a distributed job hold.

The number of rows may differ from rank to rank (a last short batch); without
an initialised process group every function returns its input.
"""

import torch
import torch.distributed as dist
from torch.distributed.nn.functional import all_gather as all_gather_with_grad


def is_distributed() -> bool:
    """Whether more than one process takes part.

    Example:
        >>> is_distributed()
        False
    """
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def row_counts(rows: torch.Tensor) -> list[int]:
    """Number of rows on each rank, in rank order.

    Example:
        >>> row_counts(torch.zeros(3, 2))
        [3]
    """
    if not is_distributed():
        return [len(rows)]
    count = torch.tensor([len(rows)], device=rows.device)
    counts = [torch.empty_like(count) for _ in range(dist.get_world_size())]
    dist.all_gather(counts, count)
    return [int(c) for c in counts]


def rank_offset(counts: list[int]) -> int:
    """Index at which this rank's rows start in the joined tensor.

    Example:
        >>> rank_offset([3])
        0
    """
    return sum(counts[: dist.get_rank()]) if len(counts) > 1 else 0


def distinct_across_ranks(indices: torch.Tensor) -> torch.Tensor:
    """Numbers that are equal where the indices of one rank are, and different on every other rank.

    Args:
        indices: Integers, not negative.

    Example:
        >>> distinct_across_ranks(torch.tensor([0, 1, 0]))
        tensor([0, 1, 0])
    """
    return indices * dist.get_world_size() + dist.get_rank() if is_distributed() else indices


def _pad(rows: torch.Tensor, length: int) -> torch.Tensor:
    if len(rows) == length:
        return rows
    return torch.cat([rows, rows.new_zeros(length - len(rows), *rows.shape[1:])])


def _join(padded: list[torch.Tensor] | tuple[torch.Tensor, ...], counts: list[int]) -> torch.Tensor:
    return torch.cat([part[:count] for part, count in zip(padded, counts, strict=True)])


def agreed_counts(rows: torch.Tensor, counts: list[int] | None) -> list[int]:
    """The counts, which are exchanged if they are not known.

    Args:
        rows: (n, ...) tensor of this rank.
        counts: What :func:`row_counts` returned earlier, or None.

    Raises:
        ValueError: If this rank has another number of rows than ``counts`` say.

    Example:
        >>> agreed_counts(torch.zeros(3, 2), None)
        [3]
    """
    if counts is None:
        return row_counts(rows)
    rank = dist.get_rank() if is_distributed() else 0
    if len(rows) != counts[rank]:
        raise ValueError(
            f'rank {rank} has {len(rows)} rows where the ranks agreed on {counts}: batches of changing size '
            'need drop_last=True in the data loader, or an exchange of their sizes in every step'
        )
    return counts


def gather_rows(rows: torch.Tensor, counts: list[int] | None = None) -> torch.Tensor:
    """Concatenate the rows of all ranks, without gradient.

    Args:
        rows: (n, ...) tensor; n may differ between ranks, the rest may not.
        counts: What :func:`row_counts` returned, to save that exchange.

    Returns:
        (sum of n, ...) tensor, rank 0's rows first, equal on every rank.

    Raises:
        ValueError: If this rank has another number of rows than ``counts`` say.

    Example:
        >>> gather_rows(torch.zeros(3, 2)).shape
        torch.Size([3, 2])
    """
    counts = agreed_counts(rows, counts)
    if not is_distributed():
        return rows
    padded = _pad(rows.detach(), max(counts)).contiguous()
    parts = [torch.empty_like(padded) for _ in counts]
    dist.all_gather(parts, padded)
    return _join(parts, counts)


def gather_rows_with_grad(rows: torch.Tensor, counts: list[int] | None = None) -> torch.Tensor:
    """Concatenate the rows of all ranks; the gradient returns to each owner.

    In the backward pass each rank receives the *sum* over ranks of the
    gradients for its rows. Every rank must therefore call backward on a result
    that depends on the joined tensor, else the others wait for it.

    Args:
        rows: (n, ...) floating-point tensor; n may differ between ranks.
        counts: What :func:`row_counts` returned, to save that exchange.

    Returns:
        (sum of n, ...) tensor, rank 0's rows first.

    Raises:
        ValueError: As :func:`gather_rows`.

    Example:
        >>> gather_rows_with_grad(torch.zeros(3, 2, requires_grad=True)).requires_grad
        True
    """
    counts = agreed_counts(rows, counts)
    if not is_distributed():
        return rows
    return _join(all_gather_with_grad(_pad(rows, max(counts))), counts)
