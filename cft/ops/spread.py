"""How far features are from a collapse to one point: sums that ranks may add up, and what they tell."""

import math

import torch

from .normalize import l2_normalize
from .precision import full_precision


@full_precision
def unit_row_moments(rows: torch.Tensor) -> torch.Tensor:
    """Sums over l2-normalised rows, which of several batches add up.

    Args:
        rows: (N, D).

    Returns:
        (2, D + 1) float64: of each column, and of its square; N in the last.

    Example:
        >>> unit_row_moments(torch.tensor([[3.0, 0.0], [0.0, -2.0]])).tolist()
        [[1.0, -1.0, 2.0], [1.0, 1.0, 2.0]]
    """
    unit = l2_normalize(rows.detach()).double()
    sums = torch.stack([unit.sum(dim=0), unit.square().sum(dim=0)])
    return torch.cat([sums, sums.new_full((2, 1), len(rows))], dim=1)


def unit_row_std(moments: torch.Tensor) -> torch.Tensor:
    """Standard deviation of l2-normalised features times sqrt(D), mean over the columns (SimSiam, figure 2).

    1 for features spread evenly over the sphere, 0 if all are one point.

    Args:
        moments: From :func:`unit_row_moments`.

    Returns:
        Scalar float64 in [0, 1].

    Example:
        >>> features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> round(unit_row_std(unit_row_moments(features)).item(), 6)
        1.0
    """
    (mean, square), width = moments[:, :-1] / moments[0, -1], moments.shape[1] - 1
    return (square - mean.square()).clamp(min=0).sqrt().mean() * math.sqrt(width)


@full_precision
def relation_entropy(keys: torch.Tensor, queue: torch.Tensor, temperature: float) -> torch.Tensor:
    r"""Entropy of each key's relations to past keys, as a share of the largest possible one.

    .. math:: H_i = -\frac{1}{\log M} \sum_k s^2_{ik} \log s^2_{ik}, \quad
        s^2_{ik} = \mathrm{softmax}_k(z^2_i \cdot q_k / \tau_m)

    The distribution is the target of ReSSL and SCE (SCE, equation 3). 1: all
    past keys are equally similar, as after a collapse or at a temperature too
    high to tell anything; 0: one past key has all the weight.

    Args:
        keys: (N, D), normalised here.
        queue: (M, D) past keys without those, normalised here; M at least 2.
        temperature: tau_m > 0.

    Returns:
        (N,) in [0, 1].

    Example:
        >>> relation_entropy(torch.eye(2)[:1], torch.eye(2)[[1, 1, 1]], temperature=0.1)
        tensor([1.])
    """
    logits = l2_normalize(keys.detach()) @ l2_normalize(queue.detach()).T / temperature
    log_probability = logits.log_softmax(dim=1)
    return -(log_probability.exp() * log_probability).sum(dim=1) / math.log(len(queue))
