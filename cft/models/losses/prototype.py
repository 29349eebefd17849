"""Cross-entropy over prototypes, the loss of DeepCluster-v2 (HEXA, equations 3 and 4)."""

from collections.abc import Sequence

import torch
from torch import nn

from cft.ops import check_values, full_precision, l2_normalize
from cft.registry import MODELS

from .candidates import propagate_non_finite
from .prototype_heads import logsumexp_over, prototype_head_losses


def _check_inputs(features: torch.Tensor, prototypes: torch.Tensor, labels: torch.Tensor) -> None:
    if features.dim() != 2:
        raise ValueError(f'features must be (N, D), got shape {tuple(features.shape)}; pool or flatten them first')
    if prototypes.dim() != 2 or len(prototypes) == 0 or prototypes.shape[1] != features.shape[1]:
        raise ValueError(
            f'prototypes must be (K, {features.shape[1]}) with K > 0 to match features, '
            f'got shape {tuple(prototypes.shape)}'
        )
    rows, clusters = len(features), len(prototypes)
    if labels.shape == (rows,):
        if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
            raise ValueError(f'labels of shape (N,) must be integers, got {labels.dtype}')
        check_values(
            labels,
            (labels >= -1) & (labels < clusters),
            ValueError,
            lambda label: f'labels must be -1 (not assigned) or name one of the {clusters} prototypes, got {label}',
        )
    elif labels.shape == (rows, clusters):
        if not labels.is_floating_point():
            raise ValueError(f'soft labels of shape (N, K) must be floating-point, got {labels.dtype}')
        # The rounding of half precision, of up to some hundred probabilities.
        sums = labels.float().sum(dim=1)
        check_values(
            sums,
            (labels >= 0).all(dim=1) & (sums < 1.1),
            ValueError,
            lambda total: (
                'soft labels must be finite and not negative, and add up to 1 at most in each row; '
                f'those of one add up to {total}'
            ),
        )
    else:
        raise ValueError(
            f'labels must be ({rows},) integers or ({rows}, {clusters}) soft labels, got shape {tuple(labels.shape)}'
        )


@full_precision
def prototype_loss(
    features: torch.Tensor, prototypes: torch.Tensor, labels: torch.Tensor, *, temperature: float = 0.1
) -> torch.Tensor:
    """The functional form of :class:`PrototypeLoss`.

    Args:
        features: (N, D), any floating type, normalised here.
        prototypes: (K, D), any floating type, normalised here.
        labels: (N,) integers, the prototype of each row, -1 for one that is not
            assigned yet; or (N, K) probabilities, where a row of zeros stands
            for -1.
        temperature: tau > 0.

    Returns:
        Scalar, at least float32; 0 if no row has a label.

    Raises:
        ValueError: If a shape does not fit, a label names no prototype, or a
            soft label is negative or not finite, or a row of them adds up to more than 1.

    Example:
        >>> prototype_loss(torch.eye(2), torch.eye(2), torch.tensor([0, -1]), temperature=1.0)  # log(1 + 1 / e)
        tensor(0.3133)
    """
    _check_inputs(features, prototypes, labels)
    soft = labels.dim() == 2
    assigned = labels.sum(dim=1) > 0 if soft else labels >= 0
    # Rows without a label are emptied beforehand, so that not even a NaN of theirs reaches the gradient.
    features = l2_normalize(torch.where(assigned[:, None], features, torch.zeros_like(features)))
    rows, prototypes = features / temperature, l2_normalize(prototypes)
    # log p = q . c - log sum exp: soft labels enter through one mixed prototype of each row.
    wanted = labels @ prototypes if soft else prototypes[labels.long().clamp(min=0)]
    logsumexp = logsumexp_over(rows, prototypes)
    terms = (labels.sum(dim=1) * logsumexp if soft else logsumexp) - (rows * wanted).sum(dim=1)
    loss = torch.where(assigned, terms, torch.zeros_like(terms)).sum() / assigned.sum().clamp(min=1)
    return propagate_non_finite(loss, features, prototypes)


@MODELS.register_module()
class PrototypeLoss(nn.Module):
    r"""Recognise the prototype (cluster centroid) that a row was assigned to.

    .. math:: L = -\frac{1}{n} \sum_i \sum_k y_{ik} \log \mathrm{softmax}_k(z_i \cdot c_k / \tau)

    The mean is over the n rows that have a label. DeepCluster-v2 takes the
    prototypes and labels from :func:`cft.ops.spherical_kmeans` and does not
    train the prototypes; pass them without gradient for that.

    Args:
        temperature: tau > 0; DeepCluster-v2's default is 0.1.

    Example:
        >>> loss = PrototypeLoss(temperature=0.1)
        >>> loss(torch.randn(4, 16), torch.randn(3, 16), torch.tensor([0, 2, 1, -1])).shape
        torch.Size([])
    """

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        self.temperature = temperature

    def forward(self, features: torch.Tensor, prototypes: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compute the loss.

        Args:
            features: (N, D), any floating type, normalised here.
            prototypes: (K, D), any floating type, normalised here.
            labels: (N,) integers, the prototype of each row, -1 for one that
                is not assigned yet; or (N, K) probabilities, for mixed images,
                where a row of zeros stands for -1.

        Returns:
            Scalar, at least float32; 0 if no row has a label.

        Raises:
            ValueError: If a shape does not fit, a label names no prototype, or
                a soft label is negative or not finite, or a row of
                them adds up to more than 1.
        """
        return prototype_loss(features, prototypes, labels, temperature=self.temperature)

    def head_losses(
        self, features: torch.Tensor, labels: torch.Tensor, prototypes: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """The loss of each view, mean over heads, for each set of labels; see :func:`prototype_head_losses`.

        Args:
            features: (V, N, D).
            labels: (Q, H, N) integers, -1 for none; not checked.
            prototypes: (K, D) of each of the H heads.

        Returns:
            (Q, V).
        """
        return prototype_head_losses(features, labels, *prototypes, temperature=self.temperature)

    def extra_repr(self) -> str:
        return f'temperature={self.temperature}'
