"""Which rows are compared with which: the papers' sets, and those of Core-tuning's released code."""

import torch
import torch.nn.functional as F

from cft.models.losses import Similarities, batch_similarities
from cft.models.pairs import MixedPairs
from cft.ops import gather_rows, gather_rows_with_grad, l2_normalize, rank_offset, row_counts


def with_own_mixtures(
    features: torch.Tensor, labels: torch.Tensor, mixed: MixedPairs | None, temperature: float, gather: bool
) -> tuple[torch.Tensor, Similarities]:
    """The papers' sets: row i of the mixtures is a candidate of anchor i alone, the positive one a positive.

    Args:
        features: (N, D), normalised here.
        labels: (N,) integers.
        mixed: Generated samples, projected like the features.
        temperature: tau > 0.
        gather: Take the originals of all ranks as candidates.

    Returns:
        (N, D) anchors, normalised, and their similarities to the batch and to their own mixtures.

    Example:
        >>> with_own_mixtures(torch.eye(2), torch.tensor([0, 0]), None, 1.0, gather=False)[1].positive.tolist()
        [[False, True], [True, False]]
    """
    anchors, similarities = batch_similarities(features, labels, temperature, gather)
    if mixed is None:
        return anchors, similarities
    exists = torch.stack([mixed.positive_mask, mixed.negative_mask], dim=1)
    # A NaN in a row that does not exist, times its gradient of 0, would be NaN.
    extras = torch.stack([mixed.positives, mixed.negatives], dim=1).masked_fill(~exists[:, :, None], 0.0)
    extras = l2_normalize(extras.flatten(0, 1)).view_as(extras)
    logits = (anchors[:, None] * extras).sum(dim=2) / temperature
    columns = (logits, exists & exists.new_tensor([True, False]), exists)
    return anchors, Similarities(*(torch.cat(pair, dim=1) for pair in zip(similarities, columns, strict=True)))


def with_labelled_mixtures(
    features: torch.Tensor,
    labels: torch.Tensor,
    mixed: MixedPairs,
    temperature: float,
    gather: bool,
    all_anchors: bool,
) -> tuple[torch.Tensor, Similarities]:
    """The sets of Core-tuning's code: all rows are candidates of all anchors, positive where soft labels are equal.

    A mixture of two classes has a label of its own, so it is a negative of
    everything; one of two samples of a class is a positive of that class.

    Args:
        features: (N, D), normalised here.
        labels: (N,) integers.
        mixed: Generated samples, projected like the features.
        temperature: tau > 0.
        gather: Take the rows of all ranks as candidates.
        all_anchors: The mixtures are anchors, too.

    Returns:
        (N or 3N, D) anchors, normalised, and their similarities to all rows.

    Example:
        >>> rows, exists = torch.eye(2), torch.ones(2, dtype=torch.bool)
        >>> targets = torch.tensor([[0.3, 0.7], [1.0, 0.0]])
        >>> mixed = MixedPairs(rows, targets, exists, rows, targets.flip(1), exists)
        >>> with_labelled_mixtures(rows, torch.tensor([0, 0]), mixed, 1.0, False, False)[1].positive.int().tolist()
        [[0, 1, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0]]
    """
    hard = F.one_hot(labels.long(), mixed.positive_targets.shape[1]).to(mixed.positive_targets)
    targets = torch.cat([hard, mixed.positive_targets, mixed.negative_targets])
    exists = torch.cat([torch.ones_like(mixed.positive_mask), mixed.positive_mask, mixed.negative_mask])
    # A NaN in a row that does not exist, times its gradient of 0, would be NaN.
    rows = l2_normalize(torch.cat([features, mixed.positives, mixed.negatives]).masked_fill(~exists[:, None], 0.0))
    counts = row_counts(rows) if gather else [len(rows)]
    candidates = gather_rows_with_grad(rows, counts) if gather else rows
    all_targets, all_exist = (gather_rows(part, counts) if gather else part for part in (targets, exists))
    label = torch.unique(all_targets, dim=0, return_inverse=True)[1]

    number = len(rows) if all_anchors else len(features)
    own = torch.arange(number, device=rows.device) + rank_offset(counts)
    others = own[:, None] != torch.arange(len(candidates), device=rows.device)[None, :]
    candidate = exists[:number, None] & all_exist[None, :] & others
    positive = (label[own][:, None] == label[None, :]) & candidate
    return rows[:number], Similarities(rows[:number] @ candidates.T / temperature, positive, candidate)
