"""The prototype loss of many views, heads and questions at once, as a training step asks for it."""

from collections.abc import Sequence

import torch

from cft.ops import full_precision, l2_normalize
from cft.ops.contrastive import softmax_moments

from .candidates import propagate_non_finite


@full_precision
def prototype_head_losses(
    features: torch.Tensor, labels: torch.Tensor, *prototypes: torch.Tensor, temperature: float = 0.1
) -> torch.Tensor:
    """:func:`prototype_loss` of each view, mean over the heads, for each set of labels (HEXA, equations 3 and 4).

    One pass over the prototypes of a head serves all views and labels, in tiles:
    the similarities are never in memory as a whole. No value decides what is
    computed: nothing waits for the device. The labels are not checked.

    Args:
        features: (V, N, D) rows of V views of the same images, normalised here.
        labels: (Q, H, N) integers, the prototype of each image in each head, -1 for none.
        prototypes: H times (K, D), normalised here; K may differ.
        temperature: tau > 0.

    Returns:
        (Q, V), at least float32. Each is a mean over the images with a label; 0 for none.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> views, labels = torch.eye(2).expand(3, 2, 2), torch.tensor([[[0, -1]]])
        >>> prototype_head_losses(views, labels, torch.eye(2), temperature=1.0)  # log(1 + 1 / e)
        tensor([[0.3133, 0.3133, 0.3133]])
    """
    _check_shapes(features, labels, prototypes)
    assigned = labels >= 0
    # Rows that no head asks for leave beforehand, so that not even a NaN of theirs reaches the gradient.
    asked = assigned.flatten(0, 1).any(dim=0)
    features = l2_normalize(torch.where(asked[:, None], features, torch.zeros_like(features)))
    centroids = l2_normalize(torch.cat(prototypes))
    rows = (features / temperature).flatten(0, 1)
    heads = [
        _mean_over_assigned(rows, own, labels[:, head], assigned[:, head])
        for head, own in enumerate(centroids.split([len(own) for own in prototypes]))
    ]
    return propagate_non_finite(torch.stack(heads).mean(dim=0), features, centroids)


def _mean_over_assigned(
    rows: torch.Tensor, centroids: torch.Tensor, labels: torch.Tensor, assigned: torch.Tensor
) -> torch.Tensor:
    """(Q, V) from (V * N, D) rows divided by tau, and the (K, D) centroids and (Q, N) labels of one head."""
    logsumexp = logsumexp_over(rows, centroids).view(-1, labels.shape[1])
    views = rows.view(*logsumexp.shape, -1)
    terms = [logsumexp - (views * centroids[asked]).sum(dim=2) for asked in labels.long().clamp(min=0)]
    losses = torch.where(assigned[:, None], torch.stack(terms), 0.0)
    return losses.sum(dim=2) / assigned.sum(dim=1, keepdim=True).clamp(min=1)


def logsumexp_over(rows: torch.Tensor, centroids: torch.Tensor) -> torch.Tensor:
    """(R,) log-sum-exp of products with the centroids; that with a single one itself, to the last bit."""
    return (rows * centroids).sum(dim=1) if len(centroids) == 1 else softmax_moments(rows, centroids).logsumexp


def _check_shapes(features: torch.Tensor, labels: torch.Tensor, prototypes: Sequence[torch.Tensor]) -> None:
    if features.dim() != 3 or labels.dim() != 3 or labels.shape[1:] != (len(prototypes), features.shape[1]):
        raise ValueError(
            f'features must be (V, N, D) and labels (Q, {len(prototypes)}, N), got shapes {tuple(features.shape)} and '
            f'{tuple(labels.shape)}'
        )
    wrong = [tuple(rows.shape) for rows in prototypes if rows.dim() != 2 or rows.shape[1] != features.shape[2]]
    if wrong:
        raise ValueError(f'prototypes must be (K, {features.shape[2]}) to match features, got shape {wrong[0]}')
