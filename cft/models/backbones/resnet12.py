"""ResNet-12, the usual network of few-shot learning."""

from collections.abc import Sequence
from itertools import pairwise

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, max_pool2d, pad

from cft.errors import ConfigError
from cft.registry import MODELS

SLOPE = 0.1


def drop_blocks(maps: Tensor, rate: float, size: int) -> Tensor:
    """Set squares of each channel to zero, and scale what is left so that the mean of ones stays one.

    DropBlock (Ghiasi, Lin and Le, NeurIPS 2018, algorithm 1); torchvision's takes odd sizes alone.

    Args:
        maps: (N, C, H, W).
        rate: Part that is set to zero, about.
        size: Side of the squares; those of a smaller map are as large as it is.

    Example:
        >>> import torch
        >>> round(drop_blocks(torch.ones(8, 4, 10, 10), 0.2, 2).mean().item(), 3)
        1.0
    """
    height, width = maps.shape[-2:]
    size = min(size, height, width)
    places = (height - size + 1, width - size + 1)
    corners = maps.new_full((*maps.shape[:2], *places), rate * height * width / (size**2 * places[0] * places[1]))
    dropped = max_pool2d(pad(corners.clamp_max(1).bernoulli(), [size - 1] * 4), size, stride=1)
    kept = 1 - dropped
    return maps * kept * (kept.numel() / kept.sum().clamp_min(1))


class ResidualBlock(nn.Module):
    """Three convolutions of 3x3 beside one of 1x1, then a pooling of 2x2.

    Args:
        in_channels: Of the input.
        out_channels: Of the output.
        drop_rate: Part of the output that is set to zero in training.
        block_size: Side of the squares that are set to zero; 1: single values.

    Example:
        >>> import torch
        >>> ResidualBlock(3, 8)(torch.ones(2, 3, 20, 20)).shape
        torch.Size([2, 8, 10, 10])
    """

    def __init__(self, in_channels: int, out_channels: int, drop_rate: float = 0.0, block_size: int = 1) -> None:
        super().__init__()
        widths = (in_channels, out_channels, out_channels)
        self.convs = nn.ModuleList(nn.Conv2d(width, out_channels, 3, padding=1, bias=False) for width in widths)
        self.norms = nn.ModuleList(nn.BatchNorm2d(out_channels) for _ in widths)
        self.shortcut = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))
        self.drop_rate, self.block_size = drop_rate, block_size

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H // 2, W // 2)."""
        maps = images
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            maps = norm(conv(maps))
            if number < 2:
                maps = leaky_relu(maps, SLOPE)
        maps = max_pool2d(leaky_relu(maps + self.shortcut(images), SLOPE), 2)
        return drop_blocks(maps, self.drop_rate, self.block_size) if self.training and self.drop_rate else maps


@MODELS.register_module()
class ResNet12(BaseModule):
    """Four residual blocks of 64, 160, 320 and 640 channels, each of which halves the image.

    As in MetaOptNet (Lee et al., CVPR 2019), after TADAM (Oreshkin et al.,
    NeurIPS 2018), and in Tian et al. (ECCV 2020): DropBlock of single values
    behind the first two blocks and of squares behind the other two. Its rate
    is constant here; theirs grows over the first 40,000 steps.

    Args:
        channels: Of the blocks.
        drop_rate: Of DropBlock.
        block_size: Side of its squares; theirs is 5 for images of 84 pixels, 2 for 32.
        init_cfg: Of MMEngine; by default Kaiming's for the convolutions.

    Raises:
        ConfigError: If there is no block, or the rate is none.

    Example:
        >>> import torch
        >>> ResNet12(channels=(4, 8))(torch.ones(2, 3, 32, 32))[0].shape
        torch.Size([2, 8, 8, 8])
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 160, 320, 640),
        drop_rate: float = 0.1,
        block_size: int = 5,
        init_cfg: dict | list | None = None,
    ) -> None:
        kaiming = [
            dict(type='Kaiming', layer='Conv2d', a=SLOPE, mode='fan_out', nonlinearity='leaky_relu'),
            dict(type='Constant', layer='BatchNorm2d', val=1),
        ]
        super().__init__(kaiming if init_cfg is None else init_cfg)
        if not channels or not 0 <= drop_rate < 1 or block_size < 1:
            raise ConfigError(
                f'ResNet12: channels {channels}, drop_rate {drop_rate} and block_size {block_size} make no network; '
                'give a block or more, a rate in [0, 1) and a size of at least 1'
            )
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(before, after, drop_rate, block_size if number >= 2 else 1)
                for number, (before, after) in enumerate(pairwise([3, *channels]))
            )
        )
        self.out_channels = channels[-1]

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """(N, 3, H, W) to one map (N, C, H / 16, W / 16)."""
        return (self.blocks(images),)
