"""Each anchor's loss from sums over its similarities, which need not be held: the equations of large batches."""

from collections.abc import Sequence

import torch

from cft.ops.contrastive import BatchStatistics, lowest

from .own_candidates import OwnCandidate


def supcon_of_sums(
    statistics: BatchStatistics,
    own: Sequence[OwnCandidate] = (),
    *,
    focal: bool = False,
    only_own: bool = False,
    same_class_candidates: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""SupCon, and its focal form, of each anchor; arguments and results of :func:`supcon_of_pairs`.

    With l the log-sum-exp over the candidates, l_P that over the positives and
    H the entropy of the softmax over the positives,

    .. math:: \sum_P (s - l) = \sum_P s - |P| l, \quad
              \sum_P (s - l) e^{s - l} = e^{l_P - l} (l_P - l - H).

    Example:
        >>> from cft.ops.contrastive import batch_statistics
        >>> supcon_of_sums(batch_statistics(torch.eye(3), torch.tensor([0, 0, 1]), 1.0))[0].exp()[:2]
        tensor([2., 2.])
    """
    sums, number_of_positives, _ = statistics
    none = lowest(sums.positives.dtype)
    members = [sums.negatives, *(each.logits.masked_fill(~each.exists, none) for each in own)]
    if not only_own or same_class_candidates:
        members.append(sums.positives)
    candidates = torch.stack(members).logsumexp(dim=0)
    if only_own:
        # Without any positive the loss is 0, and still has a gradient.
        terms, number_of_positives = 0 * candidates, torch.zeros_like(number_of_positives)
    else:
        terms = sums.positive_sum - number_of_positives * candidates
        if focal:
            assert sums.positive_entropy is not None, 'the focal form needs the entropies'
            share = sums.positives - candidates
            terms = terms - share.exp() * (share - sums.positive_entropy)
    for each in own:
        if each.positive:
            log_probability = (each.logits - candidates).masked_fill(~each.exists, 0.0)
            terms = terms + (log_probability * (1 - log_probability.exp()) if focal else log_probability)
            number_of_positives = number_of_positives + each.exists
    return -terms / number_of_positives.clamp(min=1), number_of_positives > 0


def schane_of_sums(
    statistics: BatchStatistics, *, detach_weights: bool = False, mean_inside_log: bool = True
) -> tuple[torch.Tensor, torch.Tensor]:
    r"""SCHaNe of each anchor; arguments and results of :func:`schane_of_pairs`.

    With l_N the log-sum-exp of s over the negatives and q_N that of 2s,
    :math:`\log \sum_N \beta e^s = \log |N| + q_N - l_N`.

    Example:
        >>> from cft.ops.contrastive import batch_statistics
        >>> schane_of_sums(batch_statistics(torch.eye(3), torch.tensor([0, 0, 1]), 1.0, squares=True))[0].exp()[:2]
        tensor([2., 2.])
    """
    sums, number_of_positives, number_of_negatives = statistics
    squares, negatives = sums.squared_negatives, sums.negatives
    assert squares is not None, 'SCHaNe needs the squares'
    if detach_weights:
        # Half of the gradient of q_N is that of e^s, the other half that of beta.
        squares, negatives = (squares + squares.detach()) / 2, negatives.detach()
    weighted = number_of_negatives.clamp(min=1).to(squares).log() + squares - negatives
    weighted = weighted.masked_fill(number_of_negatives == 0, lowest(squares.dtype))
    losses = torch.logaddexp(sums.positives, weighted) - sums.positives
    counts = number_of_positives.clamp(min=1).to(losses)
    losses = losses + counts.log() if mean_inside_log else losses / counts
    return losses, number_of_positives > 0
