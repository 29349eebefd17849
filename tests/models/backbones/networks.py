"""Small networks of timm by family, with the arguments that make them small."""

from typing import Any

import timm
import torch
from torch import Tensor, nn

from cft.models.backbones import TimmBackbone

TINY_VIT = {'embed_dim': 32, 'depth': 3, 'num_heads': 2}
TINY_SWIN = {'embed_dim': 16, 'depths': (1, 2, 2, 1), 'num_heads': (1, 1, 2, 2), 'window_size': 4}
PLAIN = {
    'vit_tiny_patch16_224': TINY_VIT,
    'vit_small_patch14_reg4_dinov2': TINY_VIT,
    'vit_small_patch16_dinov3': TINY_VIT,
    'beit3_base_patch16_224': TINY_VIT,
    'eva02_tiny_patch14_224': TINY_VIT,
    'vit_base_patch16_siglip_224': TINY_VIT,
}
STAGED = {
    'resnet18': {},
    'convnext_atto': {'depths': (1, 1, 2, 1), 'dims': (8, 16, 24, 32)},
    'convnextv2_atto': {'depths': (1, 1, 2, 1), 'dims': (8, 16, 24, 32)},
    'swin_tiny_patch4_window7_224': TINY_SWIN,
    'swinv2_tiny_window8_256': TINY_SWIN,
    'efficientnet_b0': {},
    'mobilenetv3_small_050': {},
    'regnetx_002': {},
}
ALL = {**PLAIN, **STAGED}


def backbone(name: str, out_indices: tuple[int, ...] | None = None, **options: Any) -> TimmBackbone:
    """A backbone in evaluation mode; equal arguments give equal parameters."""
    torch.manual_seed(3)
    made = TimmBackbone(name, out_indices, **{**ALL.get(name, {}), **options})
    # Layer scales and the last norm of a block may begin at nothing, and then no block would matter.
    for parameter in made.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1.5)
    return made.eval()


def timm_network(filled_from: TimmBackbone, **arguments: Any) -> nn.Module:
    """timm's own network of the same name, whole, with the backbone's weights where it has some."""
    made = timm.create_model(filled_from.model_name, **{**ALL.get(filled_from.model_name, {}), **arguments})
    unknown = made.load_state_dict(filled_from.network.state_dict(), strict=False).unexpected_keys
    assert not unknown
    return made.eval()


def images(height: int = 64, width: int = 64, rows: int = 2) -> Tensor:
    return torch.randn(rows, 3, height, width, generator=torch.Generator().manual_seed(1))
