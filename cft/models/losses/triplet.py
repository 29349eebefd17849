"""Triplet loss on unit vectors (Schroff et al. 2015, FaceNet, equations 1 to 3), over all or the hardest triplets."""

import torch
from torch import nn

from cft.ops import full_precision
from cft.registry import MODELS

from .candidates import batch_similarities, check_inputs, mean_over_anchors, propagate_non_finite


def _mean_over_triplets(
    cosines: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, margin: float
) -> torch.Tensor:
    """Mean hinge over all pairs of a positive and a negative of each anchor, in memory of (n, N)."""
    # The hinge is 2 max(0, s_n - threshold): all negatives above a positive's threshold count, and no other one.
    ordered, _ = cosines.masked_fill(~negative, -torch.inf).sort(dim=1)
    sums = ordered.masked_fill(ordered == -torch.inf, 0.0).cumsum(dim=1)
    sums = torch.cat([torch.zeros_like(sums[:, :1]), sums], dim=1)
    thresholds = cosines - margin / 2
    below = torch.searchsorted(ordered.detach().contiguous(), thresholds.detach().contiguous(), right=True)
    above = cosines.shape[1] - below
    hinges = 2 * (sums[:, -1:] - sums.gather(1, below) - above * thresholds)
    number = positive.sum(dim=1) * negative.sum(dim=1)
    return torch.where(positive, hinges, 0.0).sum(dim=1) / number.clamp(min=1)


def _hardest_triplet(
    cosines: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor, margin: float
) -> torch.Tensor:
    """Hinge of each anchor's farthest positive and nearest negative."""
    # Beyond any cosine, and finite for rows that have none.
    farthest = cosines.masked_fill(~positive, 2.0).amin(dim=1)
    nearest = cosines.masked_fill(~negative, -2.0).amax(dim=1)
    return (margin + 2 * (nearest - farthest)).relu()


MINING = {'all': _mean_over_triplets, 'hard': _hardest_triplet}


def _check_mining(mining: str) -> None:
    if mining not in MINING:
        raise ValueError(f'mining must be one of {sorted(MINING)}, got {mining!r}')


@full_precision
def triplet_loss(
    features: torch.Tensor,
    labels: torch.Tensor,
    *,
    margin: float = 0.2,
    mining: str = 'all',
    gather: bool = False,
) -> torch.Tensor:
    """The functional form of :class:`TripletLoss`.

    Args:
        features: (N, D), any floating type, normalised here.
        labels: (N,) integers.
        margin: Of squared distances between unit vectors, which lie in [0, 4].
        mining: ``'all'`` or ``'hard'``.
        gather: Take the candidates from all ranks, see :class:`SupConLoss`.

    Returns:
        Scalar, at least float32, finite; 0 if no anchor has both a positive and a negative.

    Raises:
        ValueError: If a shape does not fit, labels are not integers, or ``mining`` is none of the two.

    Example:
        >>> triplet_loss(torch.eye(3), torch.tensor([0, 0, 1]), margin=0.5)  # all distances are equal
        tensor(0.5000)
    """
    check_inputs(features, labels)
    _check_mining(mining)
    anchors, (cosines, positive, candidate) = batch_similarities(features, labels, 1.0, gather)
    negative = candidate & ~positive
    if cosines.shape[1] == 0:
        return features.sum()
    losses = MINING[mining](cosines, positive, negative, margin)
    counted = positive.any(dim=1) & negative.any(dim=1)
    return propagate_non_finite(mean_over_anchors(losses, counted, gather), anchors)


@MODELS.register_module()
class TripletLoss(nn.Module):
    r"""Keep each sample nearer to its own class than to the others, by a margin.

    .. math:: L = \frac{1}{n'} \sum_i \frac{1}{|T_i|} \sum_{(p, k) \in T_i}
              \max(0, \lVert v_i - v_p \rVert^2 - \lVert v_i - v_k \rVert^2 + m)

    on unit vectors v. With ``mining='all'``, ``T_i`` are all pairs of a positive
    and a negative of anchor i: what drawing one of them at random, as
    mix-and-match does (Zhan et al. 2018), is on average. With ``'hard'`` it is
    one pair, the farthest positive and the nearest negative of the batch
    (Hermans et al. 2017). n' counts the anchors that have both.

    Args:
        margin: m > 0. FaceNet's is 0.2, mix-and-match's 2.1.
        mining: ``'all'`` or ``'hard'``.
        gather: Take the candidates from all ranks, see :class:`SupConLoss`.

    Raises:
        ValueError: If the margin is not positive or ``mining`` is none of the two.

    Example:
        >>> loss = TripletLoss(margin=0.2, mining='hard')
        >>> loss(torch.randn(6, 16), torch.tensor([0, 0, 1, 1, 2, 2])).shape
        torch.Size([])
    """

    def __init__(self, margin: float = 0.2, mining: str = 'all', gather: bool = False) -> None:
        super().__init__()
        if not margin > 0:
            raise ValueError(f'margin must be positive, got {margin}')
        _check_mining(mining)
        self.margin = margin
        self.mining = mining
        self.gather = gather

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Args:
            features: (N, D), any floating type, normalised here.
            labels: (N,) integers.

        Returns:
            Scalar, at least float32, finite; 0 if no anchor has both a positive and a negative.

        Raises:
            ValueError: If a shape does not fit or labels are not integers.
        """
        return triplet_loss(features, labels, margin=self.margin, mining=self.mining, gather=self.gather)

    def extra_repr(self) -> str:
        return f'margin={self.margin}, mining={self.mining!r}, gather={self.gather}'
