"""The two losses of Bi-tuning (Zhong et al. 2020): anchors against a queue of past keys of every class."""

import torch

from cft.ops import full_precision, l2_normalize

from .candidates import check_inputs, masked_logsumexp, mean_over_anchors, propagate_non_finite


def _check_queue(channels: int, queue: torch.Tensor, queue_labels: torch.Tensor) -> None:
    if queue.dim() != 2 or queue.shape[1] != channels:
        raise ValueError(f'queue must be (M, {channels}) to match features, got shape {tuple(queue.shape)}')
    if queue_labels.shape != queue.shape[:1] or queue_labels.is_floating_point():
        raise ValueError(
            f'queue_labels must be ({len(queue)},) integers, got {queue_labels.dtype} of shape '
            f'{tuple(queue_labels.shape)}'
        )


def _against_queue(
    anchors: torch.Tensor,
    own: torch.Tensor,
    labels: torch.Tensor,
    queue: torch.Tensor,
    queue_labels: torch.Tensor,
    temperature: float,
    gather: bool,
) -> torch.Tensor:
    """Mean over anchors of ``-log p``, averaged over the own candidate and the keys of the anchor's class."""
    # Slots without a key have label -1, and whatever they hold has no effect.
    present = queue_labels >= 0
    queue = l2_normalize(queue.detach().masked_fill(~present[:, None], 0.0))
    anchors, own = l2_normalize(anchors), l2_normalize(own)
    logits = torch.cat([(anchors * own).sum(dim=1, keepdim=True), anchors @ queue.T], dim=1) / temperature
    always = torch.ones_like(labels, dtype=torch.bool)[:, None]
    present = present.expand(len(labels), -1)
    positive = torch.cat([always, (labels[:, None] == queue_labels) & present], dim=1)
    log_probability = logits - masked_logsumexp(logits, torch.cat([always, present], dim=1))[:, None]
    terms = torch.where(positive, log_probability, torch.zeros_like(log_probability))
    loss = mean_over_anchors(-terms.sum(dim=1) / positive.sum(dim=1), always[:, 0], gather)
    return propagate_non_finite(loss, anchors, own)


@full_precision
def categorical_contrastive_loss(
    query: torch.Tensor,
    key: torch.Tensor,
    labels: torch.Tensor,
    queue: torch.Tensor,
    queue_labels: torch.Tensor,
    *,
    temperature: float = 0.07,
    gather: bool = False,
) -> torch.Tensor:
    """Recognise the image's own key and all keys of its class among those of the queue.

    Args:
        query: (N, D) projections of the online encoder, normalised here.
        key: (N, D) projections of the momentum encoder, row i of the same image
            as query i; no gradient flows into them.
        labels: (N,) integers, not negative.
        queue: (M, D) past keys, without gradient.
        queue_labels: (M,) integers; -1 for a row that holds no key yet.
        temperature: tau > 0.
        gather: The mean is that over all ranks, see :class:`SupConLoss`; the queue is the same on each.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ValueError: If a shape does not fit or labels are not integers.

    Example:
        >>> views, labels = torch.eye(2), torch.tensor([0, 1])
        >>> categorical_contrastive_loss(views, views, labels, views, labels, temperature=1.0)  # log(2 + 1 / e)
        tensor(0.8620)
    """
    check_inputs(query, labels)
    if key.shape != query.shape:
        raise ValueError(f'key must be {tuple(query.shape)} like query, got shape {tuple(key.shape)}')
    _check_queue(query.shape[1], queue, queue_labels)
    return _against_queue(query, key.detach(), labels, queue, queue_labels, temperature, gather)


@full_precision
def contrastive_cross_entropy_loss(
    features: torch.Tensor,
    labels: torch.Tensor,
    class_weights: torch.Tensor,
    queue: torch.Tensor,
    queue_labels: torch.Tensor,
    *,
    temperature: float = 0.07,
    gather: bool = False,
) -> torch.Tensor:
    """Let the classifier's weight of the label recognise the features of its class among those of the queue.

    Cross-entropy compares the features of one image with the weights of all
    classes; this compares the weight of its class with the features of many images.

    Args:
        features: (N, D) features of the online encoder, normalised here.
        labels: (N,) integers in [0, C).
        class_weights: (C, D) rows of the linear classifier, normalised here; they are trained as well.
        queue: (M, D) features of past keys, without gradient.
        queue_labels: (M,) integers; -1 for a row that holds no key yet.
        temperature: tau > 0.
        gather: As for :func:`categorical_contrastive_loss`.

    Returns:
        Scalar, at least float32; 0 for an empty batch.

    Raises:
        ValueError: If a shape does not fit or labels are not integers.

    Example:
        >>> rows, labels = torch.eye(2), torch.tensor([0, 1])
        >>> contrastive_cross_entropy_loss(rows, labels, rows, rows, labels, temperature=1.0)  # log(2 + 1 / e)
        tensor(0.8620)
    """
    check_inputs(features, labels)
    if class_weights.dim() != 2 or class_weights.shape[1] != features.shape[1]:
        raise ValueError(
            f'class_weights must be (C, {features.shape[1]}) to match features, got shape {tuple(class_weights.shape)}'
        )
    _check_queue(features.shape[1], queue, queue_labels)
    return _against_queue(class_weights[labels], features, labels, queue, queue_labels, temperature, gather)
