"""Reach the model behind its wrappers."""

from collections.abc import Callable, Iterator
from typing import Any

from mmengine.model import BaseAveragedModel, is_model_wrapper
from torch import nn


def unwrap_model(model: nn.Module) -> nn.Module:
    """Return the model inside DDP, FSDP, model averages and ``torch.compile``."""
    while True:
        if is_model_wrapper(model) or isinstance(model, BaseAveragedModel):
            model = model.get_submodule('module')
        elif hasattr(model, '_orig_mod'):
            model = model.get_submodule('_orig_mod')
        else:
            return model


def modules_where(model: nn.Module, condition: Callable[[nn.Module], bool]) -> Iterator[Any]:
    """Modules of the unwrapped model that satisfy ``condition``, which says what they have besides ``nn.Module``."""
    return filter(condition, unwrap_model(model).modules())
