"""Disturb the pre-trained weights a little before fine-tuning (NoisyTune)."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from cft.engine.model_access import modules_where, unwrap_model
from cft.engine.shared_seed import shared_seed
from cft.errors import ConfigError
from cft.registry import HOOKS

SEED = 2
CHECKPOINT_KEY = 'noisy_tune'


@torch.no_grad()
def add_relative_noise(parameter: torch.Tensor, intensity: float, generator: torch.Generator) -> None:
    """Add uniform noise of ``intensity`` times the parameter's standard deviation, in place (NoisyTune, equation 1).

    A constant parameter, and one of a single element, has no deviation and stays as it is.

    Args:
        parameter: Any shape.
        intensity: lambda; the noise lies within half of it on either side.
        generator: On the CPU, so that the noise is the same on every device.

    Example:
        >>> weight = torch.tensor([0., 2.])
        >>> add_relative_noise(weight, 0.15, torch.Generator().manual_seed(0))
        >>> bool((weight - torch.tensor([0., 2.])).abs().max() <= 0.075 * 2**0.5)
        True
    """
    if parameter.numel() > 1:
        noise = torch.rand(parameter.shape, generator=generator).to(parameter) - 0.5
        parameter += noise * intensity * parameter.std()


@HOOKS.register_module()
class NoisyTuneHook(Hook):
    r"""Add noise to each pre-trained parameter once, before the first step (NoisyTune, Wu et al. 2022).

    .. math:: \tilde W_i = W_i + U(-\frac{\lambda}{2}, \frac{\lambda}{2}) \cdot \mathrm{std}(W_i)

    Pre-trained is the backbone, and what a model keeps of the pre-trained
    network elsewhere (``continues_backbone``); new heads are not. As in the
    paper's code the matrices W_i are all of its parameters, biases and the
    scales of norms among them; what is constant stays, as the paper points
    out. Frozen parameters stay too, since no training would make up for their
    noise, and running statistics are no parameters. Momentum encoders begin as
    copies of the noisy weights.

    The noise is the same on all ranks and follows from the seed. A resumed run
    has it in its weights and adds none. Weights that another part takes as
    those of the source (L2-SP, DELTA) are the ones without noise: this hook
    acts last before training.

    Args:
        intensity: lambda > 0; 0.15 is the paper's.

    Raises:
        ConfigError: If the intensity is not positive, or, before training, the model has no backbone to disturb.

    Example:
        >>> custom_hooks = [dict(type='cft.NoisyTuneHook', intensity=0.15)]
    """

    priority = 'LOWEST'

    def __init__(self, intensity: float = 0.15) -> None:
        if not intensity > 0:
            raise ConfigError(f'intensity must be positive, got {intensity}; remove NoisyTuneHook for none')
        self.intensity = intensity
        self._resumed = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        self._resumed = bool(runner._resume and checkpoint.get(CHECKPOINT_KEY))

    def before_train(self, runner: Runner) -> None:
        # A run that is stopped before its first step is resumed at iteration 0, with the noise.
        if self._resumed or runner.iter > 0:
            return
        parameters = [p for p in pretrained_parameters(runner.model) if p.requires_grad]
        if not parameters:
            raise ConfigError('NoisyTuneHook found no trainable parameter in model.backbone; remove it')
        generator = torch.Generator().manual_seed(shared_seed(runner, SEED))
        for parameter in parameters:
            add_relative_noise(parameter, self.intensity, generator)
        for module in modules_where(runner.model, lambda module: hasattr(module, 'update_target')):
            module.update_target(0.0)
        runner.logger.info(f'Noise of intensity {self.intensity} added to {len(parameters)} pre-trained parameters')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        checkpoint[CHECKPOINT_KEY] = True


def pretrained_parameters(model: nn.Module) -> list[nn.Parameter]:
    """Parameters of the backbone and of the modules that continue it."""
    backbone = getattr(unwrap_model(model), 'backbone', nn.Module())
    continued = modules_where(model, lambda module: getattr(module, 'continues_backbone', False))
    return list(dict.fromkeys(p for module in [backbone, *continued] for p in module.parameters()))
