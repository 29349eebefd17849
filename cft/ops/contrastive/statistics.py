"""What a supervised contrastive loss needs to know of an anchor's similarities, and how gradients return to them."""

from typing import NamedTuple

import torch


class Statistics(NamedTuple):
    r"""Of n anchors: sums over the similarities ``s = v_i . v_j / tau`` to their positives P and negatives N.

    Where a set is empty, a log-sum-exp is half of the smallest number of the
    type and the rest is 0.

    Attributes:
        positives: (n,) ``log sum_P e^s``.
        negatives: (n,) ``log sum_N e^s``.
        positive_sum: (n,) ``sum_P s``.
        positive_entropy: (n,) ``-sum_P q log q`` with ``q = e^s / sum_P e^s``, if asked for.
        squared_negatives: (n,) ``log sum_N e^2s``, if asked for.

    Example:
        >>> Statistics(torch.zeros(2), torch.zeros(2), torch.zeros(2)).squared_negatives is None
        True
    """

    positives: torch.Tensor
    negatives: torch.Tensor
    positive_sum: torch.Tensor
    positive_entropy: torch.Tensor | None = None
    squared_negatives: torch.Tensor | None = None


class Weights(NamedTuple):
    r"""Of n anchors: the derivative of the loss by each similarity, divided by tau.

    That by ``v_i . v_j`` is, through anchor i,

    .. math:: (a_i + c_i (s - l^P_i)) e^{s - l^P_i} + b_i \text{ for a positive,} \quad
              d_i e^{s - l^N_i} + f_i e^{2 (s - l^N_i)} \text{ for a negative}

    and through anchor j the same with its own weights.

    Attributes:
        positives: (n,) l^P.
        negatives: (n,) l^N.
        positive: (n,) a.
        constant: (n,) b.
        negative: (n,) d.
        product: (n,) c, if positive entropies were asked for.
        square: (n,) f, if squared negatives were asked for.

    Example:
        >>> Weights(*torch.zeros(5, 2)).square is None
        True
    """

    positives: torch.Tensor
    negatives: torch.Tensor
    positive: torch.Tensor
    constant: torch.Tensor
    negative: torch.Tensor
    product: torch.Tensor | None = None
    square: torch.Tensor | None = None


def lowest(dtype: torch.dtype) -> float:
    """Log-sum-exp over nothing: finite, so that no difference of two of them is NaN.

    Example:
        >>> lowest(torch.float32) < -1e38
        True
    """
    return torch.finfo(dtype).min / 2


def merge(first: Statistics, second: Statistics) -> Statistics:
    """Statistics over the candidates of both.

    Example:
        >>> both = merge(*(Statistics(*torch.zeros(3, 1)) for _ in range(2)))
        >>> both.positives.exp()
        tensor([2.])
    """
    positives = torch.logaddexp(first.positives, second.positives)
    entropy = squares = None
    if first.positive_entropy is not None and second.positive_entropy is not None:
        apart = positives - first.positives, positives - second.positives
        entropy = (-apart[0]).exp() * (first.positive_entropy + apart[0])
        entropy = entropy + (-apart[1]).exp() * (second.positive_entropy + apart[1])
    if first.squared_negatives is not None and second.squared_negatives is not None:
        squares = torch.logaddexp(first.squared_negatives, second.squared_negatives)
    return Statistics(
        positives,
        torch.logaddexp(first.negatives, second.negatives),
        first.positive_sum + second.positive_sum,
        entropy,
        squares,
    )


def weights_of(statistics: Statistics, gradient: Statistics, temperature: float) -> Weights:
    """Weights of the similarities, given the gradient of the loss by the statistics.

    Args:
        statistics: Over all candidates.
        gradient: Of the loss, by each of them.
        temperature: tau.

    Example:
        >>> gradient = Statistics(*torch.ones(3, 1))
        >>> weights_of(Statistics(*torch.zeros(3, 1)), gradient, temperature=0.5).positive
        tensor([2.])
    """
    positive, product, square = gradient.positives, None, None
    if statistics.positive_entropy is not None and gradient.positive_entropy is not None:
        product = -gradient.positive_entropy / temperature
        positive = positive - gradient.positive_entropy * statistics.positive_entropy
    if statistics.squared_negatives is not None and gradient.squared_negatives is not None:
        ratio = (2 * statistics.negatives - statistics.squared_negatives).exp()
        square = 2 * gradient.squared_negatives * ratio / temperature
    return Weights(
        statistics.positives,
        statistics.negatives,
        positive / temperature,
        gradient.positive_sum / temperature,
        gradient.negatives / temperature,
        product,
        square,
    )
