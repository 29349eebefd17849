"""Each anchor's loss from all its similarities, held at once: plain, and fastest for small batches."""

from collections.abc import Sequence

import torch

from .candidates import Similarities, masked_logsumexp
from .own_candidates import OwnCandidate


def supcon_of_pairs(
    similarities: Similarities,
    own: Sequence[OwnCandidate] = (),
    *,
    focal: bool = False,
    only_own: bool = False,
    same_class_candidates: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """SupCon, and its focal form, of each anchor.

    Args:
        similarities: To the batch.
        own: What joins the candidates of each anchor alone.
        focal: Weight each positive by how hard it is.
        only_own: Take no positives but own ones.
        same_class_candidates: Leave the batch's samples of the same class among the candidates then.

    Returns:
        (n,) losses, and which of them count.

    Example:
        >>> mask = torch.tensor([[True, False]])
        >>> supcon_of_pairs(Similarities(torch.zeros(1, 2), mask, torch.ones_like(mask)))[0].exp()
        tensor([2.])
    """
    logits, positive, candidate = similarities
    if only_own:
        candidate = candidate if same_class_candidates else candidate & ~positive
        positive = torch.zeros_like(positive)
    if own:
        logits = torch.cat([logits, *(each.logits[:, None] for each in own)], dim=1)
        positive = torch.cat([positive, *((each.exists & each.positive)[:, None] for each in own)], dim=1)
        candidate = torch.cat([candidate, *(each.exists[:, None] for each in own)], dim=1)
    log_probability = logits - masked_logsumexp(logits, candidate)[:, None]
    log_probability = torch.where(positive, log_probability, torch.zeros_like(log_probability))
    terms = log_probability * (1 - log_probability.exp()) if focal else log_probability
    number_of_positives = positive.sum(dim=1)
    return -terms.sum(dim=1) / number_of_positives.clamp(min=1), number_of_positives > 0


def schane_of_pairs(
    similarities: Similarities, *, detach_weights: bool = False, mean_inside_log: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    """SCHaNe of each anchor, in log space throughout.

    Args:
        similarities: To the batch.
        detach_weights: Treat beta as constants.
        mean_inside_log: Where 1/|P_i| stands.

    Returns:
        (n,) losses, and which of them count.

    Example:
        >>> mask = torch.tensor([[True, False]])
        >>> schane_of_pairs(Similarities(torch.zeros(1, 2), mask, torch.ones_like(mask)))[0].exp()
        tensor([2.])
    """
    logits, positive, candidate = similarities
    negative = candidate & ~positive
    number_of_negatives = negative.sum(dim=1, keepdim=True).clamp(min=1)
    log_weights = number_of_negatives.to(logits).log() + logits - masked_logsumexp(logits, negative)[:, None]
    if detach_weights:
        log_weights = log_weights.detach()
    # Rows without negatives would carry huge weights; masked entries never enter the sum.
    log_weights = torch.where(negative, log_weights, torch.zeros_like(log_weights))
    positives = masked_logsumexp(logits, positive)
    denominator = torch.logaddexp(positives, masked_logsumexp(log_weights + logits, negative))
    number_of_positives = positive.sum(dim=1)
    counts = number_of_positives.clamp(min=1).to(logits)
    losses = denominator - positives
    losses = losses + counts.log() if mean_inside_log else losses / counts
    return losses, number_of_positives > 0
