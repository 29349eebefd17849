"""MoCo-v2 and SwAV of the library lightly, as models that our loop trains; for tools/benchmarks/pretraining.py.

Projectors, losses, memory bank, prototypes and the moving average are lightly's, put together as its examples have
them (docs.lightly.ai/self-supervised-learning/examples/moco.html and swav.html); backbone, images, optimiser and
schedule are the config's.
"""

import copy
from typing import Any

import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss, SwaVLoss
from lightly.models.modules import MoCoProjectionHead, SwaVProjectionHead, SwaVPrototypes
from lightly.models.utils import deactivate_requires_grad, update_momentum
from mmpretrain.models import BaseSelfSupervisor
from torch import Tensor, nn

from cft.registry import MODELS


class Pooled(nn.Module):
    """A projector on the mean over the places of the backbone's last map."""

    def __init__(self, projector: nn.Module) -> None:
        super().__init__()
        self.projector = projector

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        return self.projector(maps[-1].flatten(2).mean(dim=2))


@MODELS.register_module()
class LightlyMoCo(BaseSelfSupervisor):
    """Momentum contrast as in lightly's example; ``cft.MomentumUpdateHook`` moves the average.

    Its memory bank is not in checkpoints, so a resumed run begins it anew.

    Args:
        backbone: Config.
        widths: Of the projector: in, hidden, out.
        queue_length: Of the memory bank.
        temperature: Of the loss.
        data_preprocessor: Config.

    Example:
        >>> model = dict(type='lightly_models.LightlyMoCo', backbone=dict(type='ResNet', depth=18))
    """

    def __init__(
        self,
        backbone: dict,
        widths: tuple[int, int, int] = (512, 512, 128),
        queue_length: int = 4096,
        temperature: float = 0.2,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(backbone, Pooled(MoCoProjectionHead(*widths)), data_preprocessor=data_preprocessor)
        self.backbone_momentum, self.neck_momentum = copy.deepcopy(self.backbone), copy.deepcopy(self.neck)
        deactivate_requires_grad(self.backbone_momentum)
        deactivate_requires_grad(self.neck_momentum)
        self.criterion = NTXentLoss(temperature, memory_bank_size=(queue_length, widths[-1]))

    def init_weights(self) -> None:
        super().init_weights()
        self.update_target(0.0)

    def update_target(self, momentum: float) -> None:
        """Move the average towards the online weights."""
        update_momentum(self.backbone, self.backbone_momentum, momentum)
        update_momentum(self.neck, self.neck_momentum, momentum)

    def loss(self, inputs: list[Tensor], data_samples: Any) -> dict[str, Tensor]:
        """Of view 0 as query and view 1 as key, (N, C, H, W) each."""
        query = self.neck(self.backbone(inputs[0]))
        with torch.no_grad():
            key = self.neck_momentum(self.backbone_momentum(inputs[1]))
        return {'loss': self.criterion(query, key)}


@MODELS.register_module()
class LightlySwAV(BaseSelfSupervisor):
    """Swapped assignments as in lightly's example, two views.

    Args:
        backbone: Config.
        widths: Of the projector: in, hidden, out.
        num_prototypes: Trained with the rest, as rows of unit length.
        data_preprocessor: Config.

    Example:
        >>> model = dict(type='lightly_models.LightlySwAV', backbone=dict(type='ResNet', depth=18))
    """

    def __init__(
        self,
        backbone: dict,
        widths: tuple[int, int, int] = (512, 512, 128),
        num_prototypes: int = 512,
        data_preprocessor: dict | None = None,
    ) -> None:
        super().__init__(backbone, Pooled(SwaVProjectionHead(*widths)), data_preprocessor=data_preprocessor)
        self.prototypes = SwaVPrototypes(widths[-1], num_prototypes)
        self.criterion = SwaVLoss()

    def loss(self, inputs: list[Tensor], data_samples: Any) -> dict[str, Tensor]:
        """Of (N, C, H, W) views."""
        self.prototypes.normalize()
        scores = [self.prototypes(F.normalize(self.neck(self.backbone(view)), dim=1)) for view in inputs]
        return {'loss': self.criterion(scores, [])}
