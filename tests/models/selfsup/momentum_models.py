"""A small momentum-contrast model, and its keys by hand."""

import copy

import torch
from torch import Tensor, nn

from cft.models.selfsup import MoCoV2, MomentumContrast

BACKBONE = {
    'type': 'mmpretrain.ResNet_CIFAR', 'depth': 18, 'num_stages': 1, 'out_indices': (0,), 'strides': (2,),
    'dilations': (1,), 'stem_channels': 4, 'base_channels': 4, 'zero_init_residual': False,
}  # fmt: skip

NECK = {
    'type': 'mmpretrain.MoCoV2Neck', 'in_channels': 4, 'hid_channels': 6, 'out_channels': 5, 'with_avg_pool': True,
}  # fmt: skip


def build(kind: type[MomentumContrast] = MoCoV2, queue_length: int = 7, **options: object) -> MomentumContrast:
    options = {'backbone': dict(BACKBONE), 'neck': dict(NECK)} | options
    model = kind(queue_length=queue_length, feat_channels=5, **options)
    model.init_weights()
    return model


def views(rows: int = 4) -> list[Tensor]:
    return [torch.randn(rows, 3, 8, 8) for _ in range(2)]


def encoders(model: MomentumContrast) -> tuple[nn.Module, nn.Module]:
    """Online and momentum encoder, each as one module."""
    return nn.ModuleList([model.backbone, model.neck]), nn.ModuleList([model.target_backbone, model.target_neck])


def keys_of(model: MomentumContrast, images: Tensor) -> Tensor:
    """Keys of a copy of the momentum encoder, so that the model's own statistics stay."""
    target = copy.deepcopy(encoders(model)[1])
    with torch.no_grad():
        return target[1](target[0](images))[-1]
