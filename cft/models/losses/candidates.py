"""What contrastive losses are made of: checked inputs, similarities to the candidates, masked sums, the mean."""

from typing import NamedTuple

import torch

from cft.ops import gather_rows, gather_rows_with_grad, is_distributed, l2_normalize, rank_offset, row_counts


class Similarities(NamedTuple):
    """Scaled similarities of n anchors to N candidates, and what each one is.

    Attributes:
        logits: (n, N) cosine similarity divided by the temperature.
        positive: (n, N) boolean, True for the members of P_i.
        candidate: (n, N) boolean, True for the members of A_i (P_i included).

    Example:
        >>> mask = torch.zeros(1, 1, dtype=torch.bool)
        >>> Similarities(torch.zeros(1, 1), mask, mask).logits.shape
        torch.Size([1, 1])
    """

    logits: torch.Tensor
    positive: torch.Tensor
    candidate: torch.Tensor


def check_inputs(features: torch.Tensor, labels: torch.Tensor) -> None:
    """Check the inputs of a supervised contrastive loss.

    Args:
        features: Must be (N, D).
        labels: Must be (N,) integers.

    Raises:
        ValueError: With the shape or type that was given.

    Example:
        >>> check_inputs(torch.zeros(2, 4), torch.tensor([0, 1]))
    """
    if features.dim() != 2:
        raise ValueError(f'features must be (N, D), got shape {tuple(features.shape)}; pool or flatten them first')
    if not features.is_floating_point():
        raise ValueError(f'features must be floating-point numbers, got {features.dtype}')
    if labels.shape != features.shape[:1]:
        raise ValueError(f'labels must be ({len(features)},) to match features, got shape {tuple(labels.shape)}')
    if labels.is_floating_point() or labels.is_complex():
        raise ValueError(f'labels must be integers, got {labels.dtype}; soft labels have no positive pairs')


def batch_similarities(
    features: torch.Tensor, labels: torch.Tensor, temperature: float, gather: bool, counts: list[int] | None = None
) -> tuple[torch.Tensor, Similarities]:
    """Compare each row with every other row, on all ranks if ``gather``.

    Args:
        features: (n, D), normalised here.
        labels: (n,) integers.
        temperature: tau > 0, by which the similarities are divided.
        gather: Take the candidates from all ranks; gradients reach their features.
        counts: What :func:`cft.ops.row_counts` returned, to save that exchange.

    Returns:
        The normalised anchors (n, D) and their similarities to the batch.

    Example:
        >>> _, similarities = batch_similarities(torch.eye(3), torch.tensor([0, 0, 1]), temperature=0.5, gather=False)
        >>> similarities.positive.int().tolist()
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    anchors = l2_normalize(features)
    if counts is None:
        counts = row_counts(features) if gather else [len(features)]
    candidates = gather_rows_with_grad(anchors, counts) if gather else anchors
    candidate_labels = gather_rows(labels, counts) if gather else labels
    rows = torch.arange(len(anchors), device=features.device)
    candidate = torch.ones(len(anchors), len(candidates), dtype=torch.bool, device=features.device)
    candidate[rows, rows + rank_offset(counts)] = False
    positive = (labels[:, None] == candidate_labels[None, :]) & candidate
    return anchors, Similarities(anchors @ candidates.T / temperature, positive, candidate)


def masked_logsumexp(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Log sum exp over the True entries of each row; very negative, not -inf, for none.

    With -inf a row without entries would give NaN gradients.

    Args:
        logits: (n, N).
        mask: (n, N) boolean.

    Returns:
        (n,).

    Example:
        >>> masked_logsumexp(torch.zeros(1, 3), torch.tensor([[True, True, False]])).exp()
        tensor([2.])
    """
    return logits.masked_fill(~mask, torch.finfo(logits.dtype).min / 2).logsumexp(dim=1)


def mean_over_anchors(losses: torch.Tensor, counted: torch.Tensor, gather: bool) -> torch.Tensor:
    """Mean of the counted anchors' losses; 0, with a gradient of 0, for none.

    With ``gather`` the number of counted anchors is summed over ranks and the
    result scaled such that its average over ranks is the joined batch's mean:
    the average that DDP takes of the gradients then is the joined gradient.

    Args:
        losses: (n,).
        counted: (n,) boolean.
        gather: As above.

    Example:
        >>> mean_over_anchors(torch.tensor([1.0, 3.0, 9.0]), torch.tensor([True, True, False]), gather=False)
        tensor(2.)
    """
    total = torch.where(counted, losses, torch.zeros_like(losses)).sum()
    number = counted.sum()
    if gather and is_distributed():
        numbers = gather_rows(number[None])
        return total * len(numbers) / numbers.sum().clamp(min=1)
    return total / number.clamp(min=1)


def propagate_non_finite(loss: torch.Tensor, *rows: torch.Tensor) -> torch.Tensor:
    """The same loss; NaN if anything that it was computed from is not finite.

    Without it a NaN may meet a mask on its way: a finite loss whose gradients
    are NaN. Nothing waits for the device.

    Args:
        loss: Scalar.
        rows: Unit rows that count, or similarities of them.

    Example:
        >>> rows = torch.tensor([[1.0, 0.0], [torch.nan, 1.0]])
        >>> propagate_non_finite(torch.tensor(0.5), rows[:1]), propagate_non_finite(torch.tensor(0.5), rows)
        (tensor(0.5000), tensor(nan))
    """
    for given in rows:
        # None of them is large: the sum is finite if all of them are.
        loss = loss * (1 + 0 * given.detach().sum())
    return loss


def check_views(query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None) -> None:
    """Raise ``ValueError`` unless query and key are (N, D) and the queue (M, D)."""
    if query.dim() != 2 or query.shape != key.shape:
        raise ValueError(f'query and key must both be (N, D), got {tuple(query.shape)} and {tuple(key.shape)}')
    if queue is not None and (queue.dim() != 2 or queue.shape[1] != query.shape[1]):
        raise ValueError(f'queue must be (M, {query.shape[1]}), got {tuple(queue.shape)}')
