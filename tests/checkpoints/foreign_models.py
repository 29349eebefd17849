"""Small networks built and named as other code bases do, with the forward passes that these define."""

import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

BLOCKS = {18: (BasicBlock, [2, 2, 2, 2]), 34: (BasicBlock, [3, 4, 6, 3]), 50: (Bottleneck, [3, 4, 6, 3])}


class NarrowResNet(ResNet):
    """torchvision's ResNet, its stages of 4 to 32 channels behind a stem of 64."""

    def _make_layer(self, block: type, planes: int, *args: object, **options: object) -> nn.Sequential:
        return super()._make_layer(block, planes // 16, *args, **options)

    def _forward_impl(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))


def torchvision_resnet(depth: int = 18, seed: int = 0) -> NarrowResNet:
    block, layers = BLOCKS[depth]
    return randomise(NarrowResNet(block, layers), seed)


def torchvision_vit(size: int = 8) -> VisionTransformer:
    return randomise(VisionTransformer(size, patch_size=4, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(*parts)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.ModuleDict({'fc1': nn.Linear(width, 16), 'fc2': nn.Linear(16, width)})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp['fc2'](nn.functional.gelu(self.mlp['fc1'](self.norm2(x))))


class TimmViT(nn.Module):
    """timm's names, which DeiT, MoCo-v3, DINO and MAE share; returns all tokens."""

    def __init__(self, size: int = 8, layers: int = 2, width: int = 8) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (size // 4) ** 2, width))
        self.patch_embed = nn.ModuleDict({'proj': nn.Conv2d(3, width, 4, 4)})
        self.blocks = nn.ModuleList(Block(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        patches = self.patch_embed['proj'](x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), patches], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def timm_vit(size: int = 8, layers: int = 2, seed: int = 0) -> TimmViT:
    return randomise(TimmViT(size, layers), seed)


def beit_weights(shared: bool, layers: int = 2, width: int = 8, side: int = 2, seed: int = 0) -> dict[str, Tensor]:
    """Names of BEiT's pre-training (one table of relative positions) or fine-tuning (one in each block)."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    distances = (2 * side - 1) ** 2 + 3
    weights = {'cls_token': normal(1, 1, width)}
    weights |= {'patch_embed.proj.weight': normal(width, 3, 4, 4), 'patch_embed.proj.bias': normal(width)}
    if shared:
        weights |= {'mask_token': normal(1, 1, width), 'norm.weight': normal(width), 'norm.bias': normal(width)}
        weights['rel_pos_bias.relative_position_bias_table'] = normal(distances, 2)
        weights['rel_pos_bias.relative_position_index'] = torch.full((side**2 + 1,) * 2, 7)
        weights |= {'lm_head.weight': normal(20, width), 'lm_head.bias': normal(20)}
    else:
        weights |= {'fc_norm.weight': normal(width), 'fc_norm.bias': normal(width)}
    for block in (f'blocks.{index}.' for index in range(layers)):
        shapes = {
            'gamma_1': (width,), 'gamma_2': (width,), 'norm1.weight': (width,), 'norm1.bias': (width,),
            'attn.q_bias': (width,), 'attn.v_bias': (width,), 'attn.qkv.weight': (3 * width, width),
            'attn.proj.weight': (width, width), 'attn.proj.bias': (width,), 'norm2.weight': (width,),
            'norm2.bias': (width,), 'mlp.fc1.weight': (16, width), 'mlp.fc1.bias': (16,),
            'mlp.fc2.weight': (width, 16), 'mlp.fc2.bias': (width,),
        }  # fmt: skip
        weights |= {block + name: normal(*shape) for name, shape in shapes.items()}
        if not shared:
            weights[block + 'attn.relative_position_bias_table'] = normal(distances, 2)
            weights[block + 'attn.relative_position_index'] = torch.full((side**2 + 1,) * 2, 7)
    return weights


def randomise(module: nn.Module, seed: int = 0) -> nn.Module:
    """Numbers that no initialisation gives, in evaluation mode; variances positive."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + (0.5 if 'var' in name else -0.5))
        else:
            value.fill_(9)
    return module.eval()
