"""CutMix: paste a box of one image into another (Yun et al. 2019), on a batch."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cft.errors import ConfigError


class CutMixed(NamedTuple):
    """A mixed batch: row i shows image i, with a box of image ``partner[i]``.

    Attributes:
        images: (N, C, H, W) mixed images.
        partner: (N,) indices of the images that the boxes come from.
        ratio: Share of the area that image i keeps, the weight of its label;
            ``1 - ratio`` is the partner's.

    Example:
        >>> images, partner, ratio = cutmix(torch.rand(4, 3, 32, 32))
        >>> images.shape, partner.shape
        (torch.Size([4, 3, 32, 32]), torch.Size([4]))
    """

    images: Tensor
    partner: Tensor
    ratio: float


def random_box(height: int, width: int, keep: float) -> tuple[int, int, int, int]:
    """Draw a box that covers about ``1 - keep`` of the area and has the image's aspect ratio.

    Its centre is uniform over the pixels; what reaches over the border is cut off.

    Returns:
        top, bottom, left, right; the bounds at the bottom and right are exclusive.
    """
    return (*_random_span(height, keep), *_random_span(width, keep))


def _random_span(size: int, keep: float) -> tuple[int, int]:
    length = round(size * math.sqrt(1 - keep))
    start = int(torch.randint(size, ()).numpy()) - length // 2
    return max(start, 0), min(start + length, size)


def cutmix(images: Tensor, alpha: float = 5.0, beta: float = 3.0, partner: Tensor | None = None) -> CutMixed:
    """Mix each image of a batch with another one of it (HEXA, equation 8).

    The share to keep is drawn from Beta(alpha, beta), and set to the area that
    the box, rounded to pixels and cut off at the border, really leaves. As in
    Yun et al., whom HEXA follows, the batch has one box, so that the loss is
    ``ratio * loss(mixed, own) + (1 - ratio) * loss(mixed, partner's)``
    (equation 9) with any loss that averages over the batch.

    Args:
        images: (N, C, H, W) of any type and device; unchanged.
        alpha: First Beta parameter; HEXA: 5.
        beta: Second Beta parameter; HEXA: 3.
        partner: (N,) indices into the batch; default a random permutation. Pass
            that of the first crop to share it among the crops of multi-crop.

    Raises:
        ConfigError: If a Beta parameter is not positive, or a shape does not fit.

    Example:
        >>> first = cutmix(torch.rand(8, 3, 160, 160))
        >>> second = cutmix(torch.rand(8, 3, 96, 96), partner=first.partner)
    """
    for name, value in (('alpha', alpha), ('beta', beta)):
        if not 0 < value < math.inf:
            raise ConfigError(f'{name} of CutMix must be positive and finite, got {value}')
    if images.dim() != 4:
        raise ConfigError(f'CutMix takes a batch (N, C, H, W), got shape {tuple(images.shape)}')
    if partner is None:
        partner = torch.randperm(len(images), device=images.device)
    elif partner.shape != images.shape[:1] or partner.dtype not in (torch.int32, torch.int64):
        raise ConfigError(
            f'partner of CutMix must hold {len(images)} indices, got {partner.dtype} of shape {tuple(partner.shape)}'
        )
    height, width = images.shape[-2:]
    # float64: with small parameters both gamma variates behind a Beta variate can underflow in float32.
    first, second = torch.tensor([alpha, beta], dtype=torch.float64)
    # By way of numpy, which takes it for granted that the numbers were drawn on the host.
    keep = float(torch.distributions.Beta(first, second, validate_args=False).sample().numpy())
    top, bottom, left, right = random_box(height, width, keep)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images[:, :, top:bottom, left:right][partner]
    return CutMixed(mixed, partner, 1 - (bottom - top) * (right - left) / (height * width))
