"""The filters of a ResNet whose maps are compared: those that end its stages."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from cft.errors import ConfigError


@dataclass(frozen=True)
class Stage:
    """A stage of a ResNet.

    Attributes:
        layer: Name in the backbone of the last convolution, such as ``layer1.2.conv3``.
        module: The stage.
        block: Its last block.
        conv: Its last convolution.
    """

    layer: str
    module: nn.Module
    block: nn.Module
    conv: nn.Conv2d


def stages_of(backbone: Any) -> list[Stage]:
    """The stages of one of OpenMMLab's ResNets, from the first to the last.

    Raises:
        ConfigError: If the network is another one, or recomputes its blocks in the backward pass, which hides maps.

    Example:
        >>> [stage.layer for stage in stages_of(ResNet(depth=50))]  # doctest: +SKIP
        ['layer1.2.conv3', 'layer2.3.conv3', 'layer3.5.conv3', 'layer4.2.conv3']
    """
    stages = []
    for name in getattr(backbone, 'res_layers', []):
        module = getattr(backbone, name)
        block = module[-1]
        conv = next((conv for conv in ('conv3', 'conv2') if hasattr(block, conv)), None)
        if conv is None:
            break
        if getattr(block, 'with_cp', False):
            raise ConfigError(
                'cft.DELTA: with_cp=True recomputes the maps to compare; set model.backbone.with_cp=False'
            )
        stages.append(Stage(f'{name}.{len(module) - 1}.{conv}', module, block, getattr(block, conv)))
    if not stages:
        raise ConfigError(
            f'cft.DELTA compares the filters that end the stages of a ResNet, and {type(backbone).__name__} has none '
            'that it knows; take a ResNet of OpenMMLab, or cft.L2SP, which serves every network'
        )
    return stages


def trained_stages(backbone: Any) -> list[Stage]:
    """The stages whose maps can change: the first with a trainable parameter, or one before it in the stem, and later.

    Raises:
        ConfigError: If there is none, and as of :func:`stages_of`.
    """
    stages = stages_of(backbone)
    inside = {id(parameter) for stage in stages for parameter in stage.module.parameters()}
    changes = any(p.requires_grad for p in backbone.parameters() if id(p) not in inside)
    trained = []
    for stage in stages:
        changes = changes or any(p.requires_grad for p in stage.module.parameters())
        trained += [stage] if changes else []
    if not trained:
        raise ConfigError(
            'cft.DELTA: no parameter of the backbone is trained, so its maps cannot move away from where they began; '
            'lower model.backbone.frozen_stages or remove it'
        )
    return trained


def run_from(stages: list[Stage], index: int, block_input: Tensor) -> Tensor:
    """The last map, from the input of the last block of a stage on."""
    maps = stages[index].block(block_input)
    for stage in stages[index + 1 :]:
        maps = stage.module(maps)
    return maps
