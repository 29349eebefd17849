"""Give an existing model auxiliary BatchNorm statistics."""

import copy
from typing import TypeVar

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cft.errors import ConfigError
from cft.registry import MODELS

from .auxiliary import AuxiliaryStatistics, single_statistics
from .synchronised import SynchronisedBatchNorm

Layer = TypeVar('Layer', bound=nn.Module)


def convert_to_auxiliary(model: nn.Module) -> nn.Module:
    """Replace every BatchNorm of a model by its auxiliary counterpart, in place.

    The parameters stay the same objects, so that an optimiser keeps them; the
    auxiliary ones start as copies. Convert before building the optimiser, which
    is to train these as well.

    Returns:
        The model; a new layer if the model is itself a BatchNorm.

    Raises:
        ConfigError: If a BatchNorm has no counterpart in ``MODELS``; the model is then unchanged.

    Example:
        >>> [type(layer).__name__ for layer in convert_to_auxiliary(nn.Sequential(nn.BatchNorm1d(3)))]
        ['AuxiliaryBatchNorm1d']
    """
    layers, counterparts = single_statistics(model), _counterparts()
    for name, layer in layers.items():
        if _kind_of(layer) not in counterparts:
            raise ConfigError(
                f'{name} is a {type(layer).__name__}, which has no auxiliary counterpart; use BatchNorm1d, BatchNorm2d '
                "or SyncBN there (norm_cfg=dict(type='BN'))"
            )
    converted: dict[nn.Module, nn.Module] = {
        layer: _with_auxiliary(layer, counterparts[_kind_of(layer)]) for layer in layers.values()
    }
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child in converted:
                setattr(parent, name, converted[child])
    return converted.get(model, model)


def _kind_of(layer: _BatchNorm) -> type[_BatchNorm]:
    return SynchronisedBatchNorm if isinstance(layer, nn.SyncBatchNorm) else type(layer)


def _counterparts() -> dict[type[_BatchNorm], type[AuxiliaryStatistics]]:
    kinds = [kind for kind in MODELS.module_dict.values() if isinstance(kind, type)]
    return {kind.plain: kind for kind in kinds if issubclass(kind, AuxiliaryStatistics)}


def _with_auxiliary(layer: _BatchNorm, kind: type[AuxiliaryStatistics]) -> AuxiliaryStatistics:
    new = _as(layer, kind)
    new.auxiliary = _as(copy.deepcopy(layer), kind.plain)
    new.use_auxiliary = False
    return new


def _as(layer: _BatchNorm, kind: type[Layer]) -> Layer:
    """The layer as one of another class, with the same tensors."""
    new = kind.__new__(kind)
    new.__dict__.update(layer.__dict__)
    new._modules = dict(layer._modules)
    return new
