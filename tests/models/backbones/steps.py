"""What a training step of any model must leave behind."""

import torch
from mmengine.config import ConfigDict
from torch import Tensor, nn

from tests.models.backbones.networks import ALL

# A network of each kind; a ViT gives several maps for segmentation and one for the pyramid of detection.
NAMES = ('resnet18', 'convnext_atto', 'swin_tiny_patch4_window7_224', 'vit_tiny_patch16_224',
         'vit_small_patch14_reg4_dinov2', 'vit_small_patch16_dinov3', 'beit3_base_patch16_224')  # fmt: skip
STAGES = {'resnet18': (1, 2, 3, 4), 'convnext_atto': (0, 1, 2, 3), 'swin_tiny_patch4_window7_224': (0, 1, 2, 3)}
CHANNELS = {
    'resnet18': (64, 128, 256, 512),
    'convnext_atto': (8, 16, 24, 32),
    'swin_tiny_patch4_window7_224': (16, 32, 64, 128),
}
BRANCH = {
    'type': 'cft.ContrastiveBranch',
    'loss': {'type': 'cft.SupConLoss', 'temperature': 0.2},
    'projector': {'type': 'cft.MLPProjector', 'hidden_channels': 8, 'out_channels': 4},
}


def config_of(name: str, out_indices: tuple[int, ...] | None = None) -> ConfigDict:
    return ConfigDict(type='cft.TimmBackbone', model_name=name, out_indices=out_indices, **ALL[name])


def check_step(model: nn.Module, losses: dict[str, Tensor | list[Tensor]]) -> None:
    """Every trained parameter has a gradient, and that of the contrastive term reaches the first layer."""
    (contrastive,) = [loss for name, loss in losses.items() if name.endswith('loss_con')]
    first = next(parameter for parameter in model.backbone.parameters() if parameter.ndim == 4)
    (gradient,) = torch.autograd.grad(contrastive, first, retain_graph=True)
    assert gradient.isfinite().all()
    assert gradient.abs().max() > 0
    total, _ = model.parse_losses(losses)
    total.backward()
    without = [name for name, each in model.named_parameters() if each.requires_grad and each.grad is None]
    assert without == []
    torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=1e-3).step()
    assert all(each.isfinite().all() for each in model.parameters())
