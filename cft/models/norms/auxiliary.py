"""BatchNorm with a second set of statistics for adversarial inputs (AdvProp, Xie et al. 2020)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from cft.errors import ConfigError
from cft.registry import MODELS

from .local import LocalBatchNorm
from .split import SplitBatchNorm2d
from .synchronised import SynchronisedBatchNorm


class AuxiliaryStatistics(nn.Module):
    """What the auxiliary BatchNorms share; a mixin in front of a BatchNorm class.

    A class of your own needs ``plain`` and a place in ``MODELS``;
    :func:`convert_to_auxiliary` then knows it.

    Attributes:
        plain: The BatchNorm class that it is made of.
        auxiliary: The BatchNorm that :func:`auxiliary_statistics` switches to.
        use_auxiliary: Whether it is switched on.

    Example:
        >>> class AuxiliaryBatchNorm3d(AuxiliaryStatistics, nn.BatchNorm3d):
        ...     plain = nn.BatchNorm3d
        >>> AuxiliaryBatchNorm3d(3).auxiliary
        BatchNorm3d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
    """

    plain: type[_BatchNorm]
    auxiliary: _BatchNorm
    use_auxiliary: bool

    def __init__(self, num_features: int, **options: Any) -> None:
        super().__init__(num_features, **options)
        self.auxiliary = self.plain(num_features, **options)
        self.use_auxiliary = False

    def forward(self, features: Tensor) -> Tensor:
        return self.auxiliary(features) if self.use_auxiliary else super().forward(features)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        own = prefix + 'auxiliary.'
        if not any(name.startswith(own) for name in state_dict):
            for name in self.auxiliary.state_dict():
                if prefix + name in state_dict:
                    state_dict[own + name] = state_dict[prefix + name].clone()
        super()._load_from_state_dict(state_dict, prefix, *args)


@MODELS.register_module('AuxBN')
class AuxiliaryBatchNorm2d(AuxiliaryStatistics, nn.BatchNorm2d):
    """BatchNorm2d that keeps the statistics of adversarial inputs apart from those of clean ones.

    Outside :func:`auxiliary_statistics` it is BatchNorm2d, in training and in
    evaluation; inside, its child ``auxiliary`` normalises, with an affine map
    of its own. Use it as ``norm_cfg=dict(type='cft.AuxBN')``. Parameter and
    buffer names are those of BatchNorm2d, plus ``auxiliary.*``; loading the
    state of a plain BatchNorm fills both alike. ``zero_init_residual`` of a
    ResNet reaches the clean map only; :func:`agree_at_the_start` repairs it.

    A step without adversarial inputs leaves the auxiliary parameters without
    gradients: DDP then needs ``find_unused_parameters=True``.

    Args:
        num_features: C, number of channels.
        options: ``eps``, ``momentum``, ``affine`` ... of BatchNorm2d, for both sets.

    Example:
        >>> layer = AuxiliaryBatchNorm2d(3)
        >>> clean = layer(torch.randn(4, 3, 8, 8))
        >>> with auxiliary_statistics(layer):
        ...     adversarial = layer(torch.randn(4, 3, 8, 8))
    """

    plain = nn.BatchNorm2d


@MODELS.register_module('AuxBN1d')
class AuxiliaryBatchNorm1d(AuxiliaryStatistics, nn.BatchNorm1d):
    """:class:`AuxiliaryBatchNorm2d` for (N, C) features, as in projectors: ``norm_cfg=dict(type='cft.AuxBN1d')``.

    Example:
        >>> AuxiliaryBatchNorm1d(3)(torch.randn(4, 3)).shape
        torch.Size([4, 3])
    """

    plain = nn.BatchNorm1d


@MODELS.register_module('AuxSplitBN')
class AuxiliarySplitBatchNorm2d(AuxiliaryStatistics, SplitBatchNorm2d):
    """:class:`SplitBatchNorm2d` with auxiliary statistics for adversarial inputs, split alike.

    Example:
        >>> AuxiliarySplitBatchNorm2d(3, num_splits=2)(torch.randn(4, 3, 8, 8)).shape
        torch.Size([4, 3, 8, 8])
    """

    plain = SplitBatchNorm2d


@MODELS.register_module('AuxLocalBN')
class AuxiliaryLocalBatchNorm(AuxiliaryStatistics, LocalBatchNorm):
    """:class:`LocalBatchNorm` with auxiliary statistics for adversarial inputs.

    Example:
        >>> AuxiliaryLocalBatchNorm(3)(torch.randn(4, 3)).shape
        torch.Size([4, 3])
    """

    plain = LocalBatchNorm


@MODELS.register_module('AuxSyncBN')
class AuxiliarySyncBatchNorm(AuxiliaryStatistics, SynchronisedBatchNorm):
    """SyncBN with auxiliary statistics for adversarial inputs, which are those of all processes as well.

    Example:
        >>> AuxiliarySyncBatchNorm(3)(torch.randn(4, 3, 8, 8)).shape
        torch.Size([4, 3, 8, 8])
    """

    plain = SynchronisedBatchNorm


def agree_at_the_start(model: nn.Module) -> None:
    """Copy the clean side of every auxiliary BatchNorm that has seen no batch to its auxiliary side.

    An initialiser such as ``zero_init_residual`` knows the clean side only.

    Example:
        >>> layer = AuxiliaryBatchNorm2d(3)
        >>> _ = nn.init.zeros_(layer.weight)
        >>> agree_at_the_start(layer)
        >>> layer.auxiliary.weight.tolist()
        [0.0, 0.0, 0.0]
    """
    for layer in model.modules():
        if isinstance(layer, AuxiliaryStatistics) and not layer.num_batches_tracked:
            clean = layer.state_dict()
            layer.auxiliary.load_state_dict({name: clean[name] for name in layer.auxiliary.state_dict()})


def single_statistics(model: nn.Module) -> dict[str, _BatchNorm]:
    """The BatchNorms of a model that know one set of statistics, by name."""
    children = {layer.auxiliary for layer in model.modules() if isinstance(layer, AuxiliaryStatistics)}
    return {
        name or 'the model': layer
        for name, layer in model.named_modules()
        if isinstance(layer, _BatchNorm) and not isinstance(layer, AuxiliaryStatistics) and layer not in children
    }


@contextmanager
def auxiliary_statistics(model: nn.Module) -> Iterator[None]:
    """Route all auxiliary BatchNorms of a model through their auxiliary statistics and affine maps.

    Contexts may be nested; the state before is restored on leaving, also by an
    exception. A model without any BatchNorm has nothing to keep apart.

    Raises:
        ConfigError: If the model has a BatchNorm without auxiliary statistics,
            which would mix clean and adversarial inputs, or recomputes
            activations in the backward pass, outside of the context.

    Example:
        >>> with auxiliary_statistics(model):  # doctest: +SKIP
        ...     loss_adv = loss_of(adversarial)
    """
    for name, single in single_statistics(model).items():
        remedy = (
            "sync_bn has taken the auxiliary ones away: leave out sync_bn and use norm_cfg=dict(type='SyncBN')"
            if isinstance(single, nn.SyncBatchNorm)
            else 'build it, or convert the model with convert_to_auxiliary, '
            "and use norm_cfg=dict(type='cft.AuxBN') (cft.AuxBN1d for vectors)"
        )
        raise ConfigError(
            f'{name} is a {type(single).__name__}, which would mix the statistics of clean and adversarial inputs; '
            f'{remedy}'
        )
    for name, module in model.named_modules():
        if getattr(module, 'with_cp', False):
            raise ConfigError(
                f'{name or "the model"} has with_cp=True: the backward pass would recompute adversarial activations '
                'with the clean statistics; set with_cp=False'
            )
    layers = [layer for layer in model.modules() if isinstance(layer, AuxiliaryStatistics)]
    before = [layer.use_auxiliary for layer in layers]
    try:
        for layer in layers:
            layer.use_auxiliary = True
        yield
    finally:
        for layer, state in zip(layers, before, strict=True):
            layer.use_auxiliary = state
