"""A pyramid of feature maps from the single one of a plain ViT."""

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d

from cft.errors import ConfigError
from cft.registry import MODELS

# What makes the maps of strides 4, 8, 16 and 32 from one of stride 16.
SCALES = (4.0, 2.0, 1.0, 0.5)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels at each place of (N, C, H, W) maps."""

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@MODELS.register_module()
class SimpleFeaturePyramid(BaseModule):
    """ViTDet's pyramid: maps of strides 4, 8, 16, 32, 64 ... from the last map of the backbone alone.

    The strides are the same for every patch size, so that the anchors'
    strides stay those of any FPN: a map of another stride than 16 (patches of
    14 or 8 pixels) is first interpolated bilinearly to cells of 16 pixels. Then
    two transposed convolutions, one, none and max pooling make four scales,
    each followed by a convolution of 1x1 and one of 3x3 with layer norms.
    Further maps are every second cell of the one before.

    Images are best padded to a multiple of 32 (``pad_size_divisor=32``), as
    for an FPN; a half cell at the border counts as one.

    Args:
        in_channels: Channels of the last map; of several numbers the last one counts.
        stride: Of the last map in pixels: the patch size.
        out_channels: Of every level.
        num_outs: Number of levels, at least 1.
        init_cfg: As of any OpenMMLab module.

    Raises:
        ConfigError: If the stride or the number of levels is not positive.

    Source:
        Li et al., Exploring Plain Vision Transformer Backbones for Object Detection
        (arXiv 2203.16527), section 3 and appendix A.2; the extra level is Detectron2's.

    Example:
        >>> neck = SimpleFeaturePyramid(in_channels=192, stride=14, out_channels=16)
        >>> [tuple(level.shape[2:]) for level in neck((torch.randn(1, 192, 10, 5),))]
        [(32, 16), (16, 8), (8, 4), (4, 2), (2, 1)]
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        stride: int,
        out_channels: int = 256,
        num_outs: int = 5,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if not isinstance(stride, int) or stride < 1 or num_outs < 1:
            raise ConfigError(
                f'SimpleFeaturePyramid: stride={stride!r} must be the patch size of the backbone in pixels, '
                f'num_outs={num_outs!r} at least 1'
            )
        self.stride = stride
        self.num_outs = num_outs
        channels = in_channels if isinstance(in_channels, int) else in_channels[-1]
        self.levels = nn.ModuleList(_level(scale, channels, out_channels) for scale in SCALES[:num_outs])

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Levels (N, out_channels, H / 4, W / 4), (N, out_channels, H / 8, W / 8) ... of images (H, W)."""
        base = maps[-1]
        if self.stride != 16:
            base = interpolate(base, scale_factor=self.stride / 16, mode='bilinear', align_corners=False)
        levels = [level(base) for level in self.levels]
        while len(levels) < self.num_outs:
            levels.append(max_pool2d(levels[-1], kernel_size=1, stride=2))
        return tuple(levels)


def _level(scale: float, channels: int, out_channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    if scale == 4:
        layers += [nn.ConvTranspose2d(channels, channels // 2, 2, 2), ChannelNorm(channels // 2, eps=1e-6), nn.GELU()]
        layers.append(nn.ConvTranspose2d(channels // 2, channels // 4, 2, 2))
        channels //= 4
    elif scale == 2:
        layers.append(nn.ConvTranspose2d(channels, channels // 2, 2, 2))
        channels //= 2
    elif scale == 0.5:
        layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
    layers += [nn.Conv2d(channels, out_channels, 1, bias=False), ChannelNorm(out_channels, eps=1e-6)]
    layers += [nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False), ChannelNorm(out_channels, eps=1e-6)]
    return nn.Sequential(*layers)
