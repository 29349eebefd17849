"""Parts of a backbone that training leaves as they are."""

from collections.abc import Iterator
from typing import Any

from torch import nn

from cft.errors import ConfigError

from .layer_groups import layer_numbers


def freeze_stages(network: Any, frozen_stages: int) -> list[str]:
    """Take the gradient from the stem and the first stages of a timm network.

    Args:
        network: Of timm; changed in place.
        frozen_stages: 0: the stem; n: the stem and n stages, which are blocks of a plain ViT; negative: nothing.

    Returns:
        Names of the outermost modules of which nothing is trained any more.

    Raises:
        ConfigError: If there are fewer stages.

    Example:
        >>> import timm
        >>> freeze_stages(timm.create_model('resnet18'), 1)
        ['conv1', 'bn1', 'layer1']
    """
    if frozen_stages < 0:
        return []
    numbers, _ = layer_numbers(network, coarse=True)
    stages = max(numbers.values())
    if frozen_stages > stages:
        raise ConfigError(
            f'frozen_stages={frozen_stages}: {type(network).__name__} has {stages} stages behind its stem, '
            'as far as out_indices needs them'
        )
    for name, parameter in network.named_parameters():
        if numbers[name] <= frozen_stages:
            parameter.requires_grad_(False)
    return list(_without_gradient(network))


def _without_gradient(module: nn.Module, name: str = '') -> Iterator[str]:
    needed = [parameter.requires_grad for parameter in module.parameters()]
    if needed and not any(needed):
        yield name
    else:
        for child_name, child in module.named_children():
            yield from _without_gradient(child, f'{name}.{child_name}' if name else child_name)
