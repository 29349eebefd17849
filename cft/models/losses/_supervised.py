"""What the supervised contrastive losses share: candidates, masks, the mean."""

from typing import NamedTuple

import torch

from cft.ops import gather_rows, gather_rows_with_grad, is_distributed, l2_normalize, rank_offset, row_counts


class Similarities(NamedTuple):
    """Scaled similarities of n anchors to N candidates, and what each one is.

    Attributes:
        logits: (n, N) cosine similarity divided by the temperature.
        positive: (n, N) boolean, True for the members of P_i.
        candidate: (n, N) boolean, True for the members of A_i (P_i included).
    """

    logits: torch.Tensor
    positive: torch.Tensor
    candidate: torch.Tensor


def check_inputs(features: torch.Tensor, labels: torch.Tensor) -> None:
    """Raise ``ValueError`` unless features are (N, D) and labels (N,) integers."""
    if features.dim() != 2:
        raise ValueError(f'features must be (N, D), got shape {tuple(features.shape)}; pool or flatten them first')
    if labels.shape != features.shape[:1]:
        raise ValueError(f'labels must be ({len(features)},) to match features, got shape {tuple(labels.shape)}')
    if labels.is_floating_point() or labels.is_complex():
        raise ValueError(f'labels must be integers, got {labels.dtype}; soft labels have no positive pairs')


def batch_similarities(
    features: torch.Tensor, labels: torch.Tensor, temperature: float, gather: bool
) -> tuple[torch.Tensor, Similarities]:
    """Compare each row with every other row, on all ranks if ``gather``.

    Returns:
        The normalised anchors (n, D) and their similarities to the batch.
    """
    anchors = l2_normalize(features)
    counts = row_counts(features) if gather else [len(features)]
    candidates = gather_rows_with_grad(anchors, counts) if gather else anchors
    candidate_labels = gather_rows(labels, counts) if gather else labels
    rows = torch.arange(len(anchors), device=features.device)
    candidate = torch.ones(len(anchors), len(candidates), dtype=torch.bool, device=features.device)
    candidate[rows, rows + rank_offset(counts)] = False
    positive = (labels[:, None] == candidate_labels[None, :]) & candidate
    return anchors, Similarities(anchors @ candidates.T / temperature, positive, candidate)


def masked_logsumexp(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """log sum exp over the True entries of each row; very negative, not -inf, for none.

    With -inf a row without entries would give NaN gradients.
    """
    return logits.masked_fill(~mask, torch.finfo(logits.dtype).min / 2).logsumexp(dim=1)


def mean_over_anchors(losses: torch.Tensor, counted: torch.Tensor, gather: bool) -> torch.Tensor:
    """Mean of the counted anchors' losses; 0, with a gradient of 0, for none.

    With ``gather`` the number of counted anchors is summed over ranks and the
    result scaled such that its average over ranks is the joined batch's mean:
    the average that DDP takes of the gradients then is the joined gradient.
    """
    total = torch.where(counted, losses, torch.zeros_like(losses)).sum()
    number = counted.sum()
    if gather and is_distributed():
        numbers = gather_rows(number[None])
        return total * len(numbers) / numbers.sum().clamp(min=1)
    return total / number.clamp(min=1)
