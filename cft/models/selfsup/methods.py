"""MoCo-v2, ReSSL and SCE: one momentum encoder, three losses."""

from typing import Any

from cft.registry import MODELS

from .momentum_contrast import MomentumContrast


class _WithDefaultHead(MomentumContrast):
    default_head: dict

    def __init__(self, backbone: dict, neck: dict, head: dict | None = None, **kwargs: Any) -> None:
        super().__init__(backbone, neck, dict(self.default_head) if head is None else head, **kwargs)


@MODELS.register_module()
class MoCoV2(_WithDefaultHead):
    """Momentum contrast with InfoNCE at tau 0.2 (Chen et al. 2020).

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.MoCoV2', backbone=dict(type='ResNet', depth=18), queue_length=4096, feat_channels=128,
        ...     neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=128)))
    """

    default_head = {'type': 'cft.InfoNCELoss', 'temperature': 0.2}


@MODELS.register_module()
class ReSSL(_WithDefaultHead):
    """Relational self-supervised learning (Zheng et al. 2021; SCE, equations 2-4).

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.ReSSL', backbone=dict(type='ResNet', depth=18), queue_length=4096, feat_channels=128,
        ...     neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=128)))
    """

    default_head = {'type': 'cft.ReSSLLoss', 'temperature': 0.1, 'target_temperature': 0.05}


@MODELS.register_module()
class SCE(_WithDefaultHead):
    """Similarity contrastive estimation (SCE, equations 6-8).

    Example:
        >>> model = MODELS.build(dict(
        ...     type='cft.SCE', backbone=dict(type='ResNet', depth=18), queue_length=4096, feat_channels=128,
        ...     neck=dict(type='MoCoV2Neck', in_channels=512, hid_channels=512, out_channels=128)))
    """

    default_head = {'type': 'cft.SCELoss', 'temperature': 0.1, 'target_temperature': 0.05, 'coefficient': 0.5}
