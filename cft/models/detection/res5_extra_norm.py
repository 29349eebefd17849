"""Last stage of a ResNet as the shared head of a C4 detector, normalised once more."""

import torch
from mmcv.cnn import build_norm_layer
from mmdet.models.backbones import ResNet
from mmdet.models.roi_heads.shared_heads import ResLayer
from mmengine.model import BaseModule

from cft.registry import MODELS


@MODELS.register_module()
class Res5ExtraNorm(BaseModule):
    """mmdet's shared head ``ResLayer`` followed by a BatchNorm, as MoCo's C4 detectors have it (He et al., 2020).

    Self-supervised features have a scale of their own; the norm makes the box
    head's input independent of it.

    Args:
        depth: Depth of the ResNet.
        norm_cfg: Kind of normalisation, in the stage and after it.
        init_cfg: Initialises the stage, such as ``SSLPretrained``.
        kwargs: Further ones of mmdet's ``ResLayer``.

    Example:
        >>> shared_head = dict(type='cft.Res5ExtraNorm', depth=50, stage=3, stride=2, norm_eval=False)
    """

    def __init__(
        self, depth: int, norm_cfg: dict | None = None, init_cfg: dict | None = None, **kwargs: object
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN', requires_grad=True)
        self.res5 = ResLayer(depth, norm_cfg=norm_cfg, init_cfg=init_cfg, **kwargs)
        # The last stage of the pre-trained network: its weights come with the backbone's.
        self.res5.continues_backbone = True
        block, _ = ResNet.arch_settings[depth]
        self.norm = build_norm_layer(norm_cfg, 64 * 2**self.res5.stage * block.expansion)[1]

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """From (K, C/2, h, w) to (K, C, h/2, w/2)."""
        return self.norm(self.res5(features))
