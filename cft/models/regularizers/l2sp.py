"""L2-SP: an L2 penalty whose origin is the pre-trained network (Li, Grandvalet and Davoine, ICML 2018)."""

import weakref
from typing import Any

import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.registry import MODELS

from .distance import half_squared_distance
from .source import weights_of_layers
from .term import Term


@MODELS.register_module()
class L2SP(Term):
    """``alpha/2 ||w - w0||^2 + beta/2 ||w_new||^2`` (arXiv 1802.01483).

    w are the trainable weights of the convolutions and linear layers of the
    backbone, and of modules that continue it, w0 the same before the first
    step; w_new are those of all other layers. Biases and the parameters of
    normalisation layers are left free, as in the authors' code.

    It takes the place of weight decay, which pulls to zero what this pulls to
    w0: the optimiser's should be 0 beside it.

    Args:
        alpha: The authors choose it by cross-validation and run 0.1.
        beta: The authors' 0.01.

    Raises:
        ConfigError: If a factor is negative, or nothing of the backbone is trained.

    Example:
        >>> model = dict(regularizers=[dict(type='cft.L2SP', alpha=0.1, beta=0.01)])
    """

    loss_name = 'loss_l2sp'
    needs_source = True

    def __init__(self, alpha: float = 0.1, beta: float = 0.01) -> None:
        check_factors('L2SP', alpha=alpha, beta=beta)
        self.alpha, self.beta = alpha, beta
        self._of: Any = lambda: None

    def check(self, model: nn.Module) -> None:
        if not weights_of_layers(model)[0]:
            raise ConfigError(
                'cft.L2SP: no weight of the backbone is trained, so none can move away from where it began; lower '
                'model.backbone.frozen_stages or remove it'
            )

    def loss(self, model: nn.Module, seen: None) -> Tensor:
        if self._of() is not model:
            self._of, self._weights = weakref.ref(model), weights_of_layers(model)
        pretrained, new = self._weights
        weights = list(pretrained.values())
        origins = self.source.take(list(pretrained), weights[0].device)
        with torch.autocast(weights[0].device.type, enabled=False):
            loss = self.alpha * half_squared_distance(weights, origins)
            return loss + self.beta * half_squared_distance(list(new.values())) if new else loss


def check_factors(name: str, **factors: float) -> None:
    """Refuse negative factors."""
    for key, value in factors.items():
        if not value >= 0:
            raise ConfigError(f'cft.{name}: {key} must be at least 0, got {value}')
