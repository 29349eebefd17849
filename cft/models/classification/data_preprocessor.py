"""Data preprocessor that treats every view of an image like a single one."""

from collections.abc import Sequence

import torch
from mmpretrain.models import ClsDataPreprocessor

from cft.registry import MODELS


def _views_of(inputs: object) -> list | None:
    """Split a collated batch into its views; None if there is only one view."""
    if isinstance(inputs, torch.Tensor) or not isinstance(inputs, Sequence) or not len(inputs):
        return None
    if isinstance(inputs[0], Sequence) or inputs[0].dim() == 4:
        return list(inputs)
    return None


@MODELS.register_module()
class MultiViewDataPreprocessor(ClsDataPreprocessor):
    """mmpretrain's classification preprocessor, for one view or several.

    A batch of V views (``MultiView`` in the pipeline) comes as a list of V
    tensors (N, C, H, W) from ``default_collate`` or as V lists of N tensors
    (C, H, W) from ``pseudo_collate``; each view is moved, converted and
    normalised as a single-view batch would be. Sizes may differ per view.

    Args:
        Those of :class:`mmpretrain.models.ClsDataPreprocessor`, in pixel
        values of 0 to 255.

    Raises:
        ValueError: If batch augmentation (Mixup, CutMix) is asked for together
            with several views; their mixed labels have no positive pairs.

    Example:
        >>> preprocessor = MultiViewDataPreprocessor(mean=[127.5] * 3, std=[127.5] * 3)
        >>> views = [torch.full((2, 3, 4, 4), 255.0), torch.zeros(2, 3, 8, 8)]
        >>> [view[0, 0, 0, 0].item() for view in preprocessor({'inputs': views})['inputs']]
        [1.0, -1.0]
    """

    def forward(self, data: dict, training: bool = False) -> dict:
        views = _views_of(data['inputs'])
        if views is None:
            return super().forward(data, training)
        if self.batch_augments is not None and training:
            raise ValueError(
                'batch_augments mixes labels, which several views cannot share; remove batch_augments from '
                'the data preprocessor or MultiView from the pipeline'
            )
        processed = [super(MultiViewDataPreprocessor, self).forward({**data, 'inputs': view}) for view in views]
        return {**processed[0], 'inputs': [view['inputs'] for view in processed]}
