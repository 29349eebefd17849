"""ResNet-12, the usual network of few-shot learning."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, max_pool2d
from torchvision.ops import drop_block2d

from cft.errors import ConfigError
from cft.registry import MODELS

SLOPE = 0.1


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
        if not self.drop_rate:
            return maps
        size = min(self.block_size, *maps.shape[-2:])
        return drop_block2d(maps, self.drop_rate, size, training=self.training)


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
        widths = [3, *channels]
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(before, after, drop_rate, block_size if number >= 2 else 1)
                for number, (before, after) in enumerate(zip(widths[:-1], widths[1:], strict=True))
            )
        )
        self.out_channels = channels[-1]

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """(N, 3, H, W) to one map (N, C, H / 16, W / 16)."""
        return (self.blocks(images),)
