"""Images of any size on the grid of a backbone."""

import contextlib
import re
from collections.abc import Iterator, Sequence

from torch import Tensor
from torch.nn.functional import pad

from cft.errors import ConfigError

# What torch says of windows, biases or branches that do not fit the image; timm asserts what it checks itself.
WRONG_SIZE = re.compile(
    r"shape '\[|The size of tensor a|Sizes of tensors must match|Calculated padded input size per channel"
)


def pad_to_multiple(images: Tensor, divisor: Sequence[int]) -> Tensor:
    """Pad (N, C, H, W) images with zeros at the bottom and the right, so that the divisors divide H and W.

    Example:
        >>> import torch
        >>> pad_to_multiple(torch.ones(1, 3, 30, 32), (16, 16)).shape
        torch.Size([1, 3, 32, 32])
    """
    height, width = images.shape[-2:]
    return pad(images, (0, -width % divisor[1], 0, -height % divisor[0]))


def cut_to_image(feature_map: Tensor, padded: Sequence[int], size: Sequence[int], stride: int) -> Tensor:
    """The cells of a map (N, C, h, w) of padded images that begin inside of the images themselves.

    Args:
        feature_map: Of the padded images.
        padded: Their height and width.
        size: Height and width before padding.
        stride: Of the map in pixels.

    Raises:
        ConfigError: If the map is not one of this stride.

    Example:
        >>> import torch
        >>> cut_to_image(torch.ones(1, 8, 4, 4), padded=(32, 32), size=(20, 32), stride=8).shape
        torch.Size([1, 8, 3, 4])
    """
    height, width = feature_map.shape[-2:]
    if (height * stride, width * stride) != tuple(padded):
        raise ConfigError(
            f'a feature map of {height} x {width} cells is not one of stride {stride}, as timm has it: '
            'the network serves pooled features alone'
        )
    return feature_map[..., : -(-size[0] // stride), : -(-size[1] // stride)]


@contextlib.contextmanager
def explained_size(name: str, size: Sequence[int], bound: bool) -> Iterator[None]:
    """Say what a network cannot do with images of a size.

    Args:
        name: Of the network.
        size: Height and width of the images.
        bound: ``img_size`` sets what it can take.

    Raises:
        ConfigError: Instead of what timm asserts, and of torch's ``RuntimeError`` about two shapes.

    Example:
        >>> with explained_size('levit_128s', (96, 96), bound=False):
        ...     raise AssertionError
        Traceback (most recent call last):
        ...
        cft.errors.ConfigError: levit_128s cannot take images of 96 x 96; take another image size or network
    """
    try:
        yield
    except (AssertionError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not WRONG_SIZE.match(str(error)):
            raise
        reason = f': {error}' if str(error) else ''
        remedy = f'give it img_size=({size[0]}, {size[1]})' if bound else 'take another image size or network'
        raise ConfigError(f'{name} cannot take images of {size[0]} x {size[1]}{reason}; {remedy}') from error
    except ConfigError as error:
        raise ConfigError(f'{name}, images of {size[0]} x {size[1]}: {error}') from error
