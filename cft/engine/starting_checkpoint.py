"""The self-supervised weights that a model starts from."""

from typing import Literal

from mmengine.model import BaseModule
from torch import nn

from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError


def start_from(model: nn.Module, checkpoint: str, weights: Literal['model', 'ema'] | None = None) -> None:
    """Let the initialisation of a model fill its backbone from a checkpoint.

    Besides ``model.backbone`` that is every module whose attribute
    ``continues_backbone`` is true: the layers of the pre-trained network that a
    model keeps elsewhere, such as the shared head of a C4 detector.
    Nothing is read before ``model.init_weights()``.

    Args:
        model: With or without wrappers.
        checkpoint: File that :func:`cft.checkpoints.load_ssl_backbone` reads.
        weights: As of that function.

    Raises:
        ConfigError: If the model has no backbone.

    Example:
        >>> start_from(runner.model, 'moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    model = unwrap_model(model)
    backbone = getattr(model, 'backbone', None)
    if not isinstance(backbone, nn.Module):
        raise ConfigError(f'checkpoint={checkpoint!r} needs a model with a backbone; {type(model).__name__} has none')
    continued = [module for module in model.modules() if getattr(module, 'continues_backbone', False)]
    start: list[BaseModule] = [backbone, *continued]
    for module in start:
        module.init_cfg = {'type': 'SSLPretrained', 'checkpoint': checkpoint, 'weights': weights}
