"""Layer-wise adaptive rate scaling whose step never waits for the device."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from cft.errors import ConfigError
from cft.registry import OPTIMIZERS


@OPTIMIZERS.register_module()
class LARS(Optimizer):
    r"""SGD that scales the step of each tensor by the ratio of its norm to that of its gradient.

    .. math:: d = \eta \frac{\|w\|}{\|g\| + \beta \|w\| + \epsilon} (g + \beta w), \quad
              v \leftarrow m v + d, \quad w \leftarrow w - \gamma v

    The ratio is that of You et al. 2017 (algorithm 1); it is 1 where either
    norm is 0. The learning rate gamma multiplies the momentum when it is used,
    as in apex's LARC (SwAV, DeepCluster-v2), MoCo-v3 and SCE; You et al. and
    mmpretrain multiply the gradient with it, so that each v keeps the rates of
    the past, which differ during warm-up.

    A group with ``lars_exclude=True``, as :class:`BiasAndNormExclusion` makes
    it, is updated without the ratio. Of parameters in float16 or bfloat16 norms
    and steps are float32; the momentum has the parameter's type.

    Args:
        params: Parameters or groups of them.
        lr: gamma, the learning rate.
        momentum: m in [0, 1).
        weight_decay: beta.
        eta: Trust coefficient.
        eps: epsilon, against a division by almost nothing.

    Raises:
        ConfigError: If a setting is impossible, a gradient is sparse, or the state
            of a checkpoint has the learning rate within the momentum.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> optimizer = LARS([weight], lr=1.0, eta=0.1)
        >>> weight.grad = torch.tensor([0.0, 2.0])
        >>> optimizer.step()
        >>> weight
        Parameter containing:
        tensor([3.0000, 3.5000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        eta: float = 0.001,
        eps: float = 1e-8,
    ) -> None:
        settings = {'lr': lr, 'momentum': momentum, 'weight_decay': weight_decay, 'eta': eta, 'eps': eps}
        for name, value in settings.items():
            if not value >= 0 or (name == 'momentum' and value >= 1):
                interval = 'lie in [0, 1)' if name == 'momentum' else 'not be negative'
                raise ConfigError(f'LARS: {name} must {interval}, got {value}')
        super().__init__(params, settings)

    def load_state_dict(self, state_dict: dict) -> None:
        """As of every optimiser.

        Raises:
            ConfigError: If the state is that of mmpretrain's LARS.
        """
        if any('dampening' in group for group in state_dict['param_groups']):
            raise ConfigError(
                "the checkpoint's optimiser is mmpretrain's LARS, whose momentum contains the learning rate; resume it "
                "with optim_wrapper.optimizer.type='LARS', or start a new run from it with load_from and without resume"
            )
        super().load_state_dict(state_dict)

    @torch.no_grad()
    def step(  # type: ignore[override]  # torch's has an overload for each kind of closure
        self, closure: Callable[[], float] | None = None
    ) -> float | None:
        """Make a step; a parameter without a gradient stays as it is."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            by_type: dict[tuple, list[Tensor]] = {}
            for parameter in group['params']:
                if parameter.grad is not None:
                    by_type.setdefault((parameter.device, parameter.dtype), []).append(parameter)
            for parameters in by_type.values():
                self._step(parameters, group)
        return loss

    def _step(self, parameters: list[Tensor], group: dict) -> None:
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        if any(gradient.is_sparse for gradient in gradients):
            raise ConfigError('LARS takes no sparse gradients; set sparse=False in the embedding')
        # A short type has no room for most ratios, nor float16 for the norm of a large tensor.
        kind = torch.promote_types(parameters[0].dtype, torch.float32)
        wide = [gradient.to(kind) for gradient in gradients]
        steps = list(torch._foreach_add(wide, [weight.to(kind) for weight in parameters], alpha=group['weight_decay']))
        if not group.get('lars_exclude', False):
            torch._foreach_mul_(steps, _trust_ratios(parameters, gradients, kind, group))
        if group['momentum']:
            steps = self._moved_momenta(parameters, steps, group['momentum'])
        torch._foreach_add_(parameters, steps, alpha=-group['lr'])

    def _moved_momenta(self, parameters: list[Tensor], steps: list[Tensor], momentum: float) -> list[Tensor]:
        for parameter in parameters:
            if 'momentum_buffer' not in self.state[parameter]:
                self.state[parameter]['momentum_buffer'] = torch.zeros_like(parameter)
        momenta = [self.state[parameter]['momentum_buffer'] for parameter in parameters]
        torch._foreach_mul_(momenta, momentum)
        torch._foreach_add_(momenta, steps)
        return momenta


def _trust_ratios(parameters: list[Tensor], gradients: list[Tensor], kind: torch.dtype, group: dict) -> list[Tensor]:
    weights = torch.stack(torch._foreach_norm(parameters, dtype=kind))
    slopes = torch.stack(torch._foreach_norm(gradients, dtype=kind))
    ratios = group['eta'] * weights / (slopes + group['weight_decay'] * weights + group['eps'])
    return list(torch.where((weights > 0) & (slopes > 0), ratios, 1).unbind())
