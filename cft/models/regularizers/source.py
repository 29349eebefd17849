"""The weights that a fine-tuning starts from, kept apart from those that are trained."""

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from cft.errors import ConfigError


def pretrained_parts(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """Name and module of what comes from the pre-training: the backbone, and modules that continue it.

    Raises:
        ConfigError: If the model has no backbone.

    Example:
        >>> [name for name, _ in pretrained_parts(model)]  # doctest: +SKIP
        ['backbone']
    """
    if not isinstance(getattr(model, 'backbone', None), nn.Module):
        raise ConfigError(
            f'{type(model).__name__} has no backbone, so nothing of it is pre-trained; remove the regularizers'
        )
    return [
        (name, module)
        for name, module in model.named_modules()
        if name == 'backbone' or getattr(module, 'continues_backbone', False)
    ]


def weights_of_layers(model: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
    """Trainable weights of convolutions and linear layers, by name: the pre-trained ones and the new ones.

    Biases and the parameters of normalisation layers are not among them.

    Example:
        >>> pretrained, new = weights_of_layers(model)  # doctest: +SKIP
    """
    inside = tuple(f'{name}.' for name, _ in pretrained_parts(model))
    found = dict(_weights(model))
    pretrained = {name: weight for name, weight in found.items() if name.startswith(inside)}
    return pretrained, {name: weight for name, weight in found.items() if name not in pretrained}


def _weights(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | _ConvNd) and module.weight.requires_grad:
            yield f'{name}.weight', cast(nn.Parameter, module.weight)


class SourceWeights:
    """Parameters and buffers of the pre-trained parts, as they were before the first step.

    They are no part of the model: neither its checkpoints nor its copies, such
    as moving averages, hold them again. They go to the device of what is
    compared with them when they are first asked for.

    Args:
        tensors: By their names in the model.
        channel_weights: What DELTA has measured, by layer; empty before that.

    Example:
        >>> source = SourceWeights({'backbone.conv1.weight': torch.ones(2, 3, 1, 1)})
        >>> source.take(['backbone.conv1.weight'], torch.device('cpu'))[0].shape
        torch.Size([2, 3, 1, 1])
    """

    def __init__(self, tensors: dict[str, Tensor], channel_weights: dict[str, Tensor] | None = None) -> None:
        self.tensors = tensors
        self.channel_weights = channel_weights or {}

    @classmethod
    def of(cls, model: nn.Module) -> 'SourceWeights':
        """Those of a model at this moment."""
        return cls(
            {
                f'{name}.{key}': tensor.detach().clone()
                for name, module in pretrained_parts(model)
                for key, tensor in module.state_dict().items()
            }
        )

    def take(self, names: list[str], device: torch.device) -> list[Tensor]:
        """Some of the tensors, on a device, where they stay.

        Raises:
            ConfigError: If one is missing.
        """
        for name in names:
            if name not in self.tensors:
                raise ConfigError(
                    f'the source weights lack {name}: they are of another model; start a new run in an empty work_dir'
                )
            self.tensors[name] = self.tensors[name].to(device)
        return [self.tensors[name] for name in names]

    def __deepcopy__(self, memo: dict) -> 'SourceWeights':
        return self
