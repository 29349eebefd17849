"""What the images of a batch are trained towards."""

from collections.abc import Sequence

import torch
from mmpretrain.structures import DataSample


def targets_of(data_samples: Sequence[DataSample]) -> torch.Tensor:
    """(N,) integer labels, or (N, K) soft ones where batch augmentation has mixed them.

    Example:
        >>> targets_of([DataSample().set_gt_label(2), DataSample().set_gt_label(0)])
        tensor([2, 0])
    """
    if 'gt_score' in data_samples[0]:
        return torch.stack([sample.gt_score for sample in data_samples])
    return torch.cat([sample.gt_label for sample in data_samples])
