"""Layer-wise decay of the learning rate, in any task."""

from collections import defaultdict
from collections.abc import Callable

from mmengine.logging import print_log
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from cft.errors import ConfigError
from cft.registry import OPTIM_WRAPPER_CONSTRUCTORS

from .optim_wrapper_constructor import exclude_bias_and_norm


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerWiseLearningRateDecay(DefaultOptimWrapperConstructor):
    """Smaller learning rates for earlier layers of the backbone.

    A parameter of depth d of D has ``lr * layer_decay_rate ** (D - 1 - d)``; the
    last depth, that of heads and necks, has ``lr``. The backbone tells the depths
    by ``get_layer_depth``: :class:`cft.TimmBackbone` as timm groups its networks,
    and the ViTs, BEiT, Swin and ConvNeXt of mmpretrain. Unlike mmpretrain's
    ``LearningRateDecayOptimWrapperConstructor`` this serves segmentors and
    detectors as well, and spares biases, norms and what the backbone's
    ``no_weight_decay`` names (position embeddings, tokens, tables of relative
    positions) weight decay, without being told.

    Args:
        optim_wrapper_cfg: ``optimizer`` with ``lr``, and the optimiser wrapper's settings.
        paramwise_cfg: ``layer_decay_rate``, above 0 and at most 1, beside what
            :class:`mmengine.optim.DefaultOptimWrapperConstructor` takes.

    Raises:
        ConfigError: If the rate is missing or wrong, or the backbone does not tell the depth of its layers.

    Source:
        Clark et al., ELECTRA (arXiv 2003.10555); Bao et al., BEiT (arXiv 2106.08254).

    Example:
        >>> optim_wrapper = dict(
        ...     optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
        ...     constructor='cft.LayerWiseLearningRateDecay',
        ...     paramwise_cfg=dict(layer_decay_rate=0.65))
    """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        model = getattr(model, 'module', model)
        (base, rate), get_layer_depth = self._rates(), self._depths_of(model)
        names = {parameter: name for name, parameter in model.named_parameters()}
        spared = {f'backbone.{name}' for name in getattr(model.backbone, 'no_weight_decay', set)()}
        each: list[dict] = [{'params': [parameter]} for parameter in names if parameter.requires_grad]
        if len(self.paramwise_cfg) > 1:
            each.clear()
            self.add_params(each, model)
        joined: dict[tuple, list[nn.Parameter]] = defaultdict(list)
        rates = {}
        for group in exclude_bias_and_norm(each):
            (parameter,) = group.pop('params')
            depth, depths = get_layer_depth(names[parameter], prefix='backbone.')
            group['lr'] = group.get('lr', base) * rate ** (depths - 1 - depth)
            if names[parameter] in spared:
                group['weight_decay'] = 0.0
            rates[depth] = group['lr']
            joined[tuple(sorted(group.items()))].append(parameter)
        groups = [{**dict(settings), 'params': parameters} for settings, parameters in joined.items()]
        told = ', '.join(f'{depth}: {rates[depth]:.3g}' for depth in sorted(rates))
        print_log(f'layer-wise decay {rate}: learning rate by depth {told}', 'current')
        optimizer = OPTIMIZERS.build({**self.optimizer_cfg, 'params': groups})
        return OPTIM_WRAPPERS.build({'type': 'OptimWrapper', **self.optim_wrapper_cfg, 'optimizer': optimizer})

    def _rates(self) -> tuple[float, float]:
        rate = self.paramwise_cfg.get('layer_decay_rate')
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 < rate <= 1:
            raise ConfigError(
                f'optim_wrapper.paramwise_cfg.layer_decay_rate={rate!r} must be above 0 and at most 1, such as 0.65'
            )
        if self.base_lr is None:
            raise ConfigError('optim_wrapper.optimizer.lr is missing: layer-wise decay begins with it')
        return self.base_lr, rate

    def _depths_of(self, model: nn.Module) -> Callable[..., tuple[int, int]]:
        backbone = getattr(model, 'backbone', None)
        get_layer_depth = getattr(backbone, 'get_layer_depth', None)
        if get_layer_depth is None:
            raise ConfigError(
                f'model.backbone={type(backbone).__name__} does not tell the depth of its layers (get_layer_depth); '
                'cft.TimmBackbone does, and VisionTransformer, BEiT, SwinTransformer, ConvNeXt of mmpretrain'
            )
        return get_layer_depth
