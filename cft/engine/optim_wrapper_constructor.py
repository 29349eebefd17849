"""Which parameters are decayed and adapted layer by layer."""

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from cft.errors import ConfigError
from cft.registry import OPTIM_WRAPPER_CONSTRUCTORS


def exclude_bias_and_norm(groups: list[dict]) -> list[dict]:
    """Divide each parameter group into matrices and filters, and what has at most one dimension.

    Args:
        groups: Parameter groups as an optimiser takes them.

    Returns:
        New groups. Parameters of at most one dimension have ``weight_decay=0``
        and ``lars_exclude=True``; frozen parameters are in none.
    """
    divided = []
    for group in groups:
        trained = [parameter for parameter in group['params'] if parameter.requires_grad]
        divided.append({**group, 'params': [p for p in trained if p.ndim > 1]})
        excluded = [p for p in trained if p.ndim <= 1]
        divided.append({**group, 'params': excluded, 'weight_decay': 0.0, 'lars_exclude': True})
    return [group for group in divided if group['params']]


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class BiasAndNormExclusion(DefaultOptimWrapperConstructor):
    """MMEngine's default constructor that spares biases and norms weight decay and LARS's adaptation.

    Parameters of at most one dimension are biases, scales and shifts of any
    norm (auxiliary ones too), and layer scales. They have no weight decay, and
    ``cft.LARS`` and mmpretrain's update them as SGD does; other optimisers ignore
    ``lars_exclude``. This is how BYOL, MoCo-v3 and SCE (section 4.3) use LARS.
    Class tokens and position embeddings have three dimensions: they are decayed
    and adapted like weights, unless ``custom_keys`` says otherwise.

    What is frozen when the optimiser is built is left out of it for the whole run.

    Args:
        optim_wrapper_cfg: ``optimizer`` and the optimiser wrapper's settings.
        paramwise_cfg: As of :class:`mmengine.optim.DefaultOptimWrapperConstructor`;
            its weight decays hold for what is not excluded.

    Raises:
        ConfigError: If every parameter is frozen.

    Example:
        >>> optim_wrapper = dict(
        ...     optimizer=dict(type='cft.LARS', lr=4.8, momentum=0.9, weight_decay=1e-6),
        ...     constructor='cft.BiasAndNormExclusion')
    """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        model = getattr(model, 'module', model)
        groups: list[dict] = []
        if self.paramwise_cfg:
            self.add_params(groups, model)
        else:
            groups.append({'params': list(model.parameters())})
        groups = exclude_bias_and_norm(groups)
        if not groups:
            raise ConfigError(f'{type(model).__name__} has no parameter to train: all are frozen; unfreeze some')
        optimizer = OPTIMIZERS.build({**self.optimizer_cfg, 'params': groups})
        return OPTIM_WRAPPERS.build({'type': 'OptimWrapper', **self.optim_wrapper_cfg, 'optimizer': optimizer})
