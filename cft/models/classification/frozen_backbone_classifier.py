"""Linear probe: a classifier that trains its head alone."""

import logging
from typing import Any

from mmengine.logging import print_log

from cft.registry import MODELS

from .finetune_classifier import FineTuneClassifier


@MODELS.register_module()
class FrozenBackboneClassifier(FineTuneClassifier):
    """:class:`FineTuneClassifier` whose backbone never changes (linear evaluation).

    No parameter of the backbone is trained and the whole backbone is always in
    evaluation mode, so that BatchNorm neither uses the batch nor updates its
    statistics. ``frozen_stages`` of mmpretrain's backbones needs the number of
    stages and leaves dropout and stochastic depth of a ViT on; this does not.

    A probe on random weights is a baseline of its own, so a missing checkpoint
    is a warning, not an error.

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.FrozenBackboneClassifier',
        ...     backbone=dict(type='ResNet', depth=50),
        ...     neck=dict(type='GlobalAveragePooling'),
        ...     head=dict(type='LinearClsHead', num_classes=1000, in_channels=2048)))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.backbone.requires_grad_(False)

    def train(self, mode: bool = True) -> 'FrozenBackboneClassifier':
        """Set the mode of neck and head; the backbone stays in evaluation mode."""
        super().train(mode)
        self.backbone.eval()
        return self

    def init_weights(self) -> None:
        """Initialise, and warn when the backbone has nothing but random weights."""
        super().init_weights()
        init_cfg = self.backbone.init_cfg
        if not isinstance(init_cfg, dict) or init_cfg.get('type') != 'Pretrained':
            print_log(
                'the frozen backbone has random weights, unless load_from or --resume fills it; '
                'name its file with --cfg-options checkpoint=FILE',
                'current',
                logging.WARNING,
            )
