"""Give an existing model auxiliary BatchNorm statistics."""

import copy

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from cft.errors import ConfigError

from .auxiliary_batch_norm import AUXILIARY_OF, AuxiliaryStatistics, single_statistics


def convert_to_auxiliary(model: nn.Module) -> nn.Module:
    """Replace every BatchNorm1d and BatchNorm2d of a model by its auxiliary counterpart, in place.

    The parameters stay the same objects, so that an optimiser keeps them; the
    auxiliary ones start as copies. Convert before building the optimiser, which
    is to train these as well.

    Returns:
        The model; a new layer if the model is itself a BatchNorm.

    Raises:
        ConfigError: If a BatchNorm is of another kind (SyncBN, SplitBN ...); the model is then unchanged.

    Example:
        >>> [type(layer).__name__ for layer in convert_to_auxiliary(nn.Sequential(nn.BatchNorm1d(3)))]
        ['AuxiliaryBatchNorm1d']
    """
    layers = single_statistics(model)
    for name, layer in layers.items():
        if type(layer) not in AUXILIARY_OF:
            raise ConfigError(
                f'{name} is a {type(layer).__name__}, which has no auxiliary counterpart; use BatchNorm1d or '
                "BatchNorm2d there (norm_cfg=dict(type='BN')), and no sync_bn"
            )
    converted = {layer: _with_auxiliary(layer) for layer in layers.values()}
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child in converted:
                setattr(parent, name, converted[child])
    return converted.get(model, model)


def _with_auxiliary(layer: _BatchNorm) -> AuxiliaryStatistics:
    new = copy.copy(layer)
    new._modules = dict(layer._modules)
    new.__class__ = AUXILIARY_OF[type(layer)]
    new.auxiliary = copy.deepcopy(layer)
    new.use_auxiliary = False
    return new
