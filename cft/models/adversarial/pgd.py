"""The attack of adversarial training and of robust accuracy, as a component."""

import contextlib

import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.registry import MODELS

from .attacked_model import check_mode, under_attack
from .attacks import LossOf, perturb
from .input_checks import check_attack

TYPES = {'bfloat16': torch.bfloat16, 'float16': torch.float16}


@MODELS.register_module()
class PGD(nn.Module):
    """The attack of :func:`perturb` on pixel values 0 to 255, as a component of a config.

    Published strengths (Core-tuning, appendix C.4; Madry et al.) are given for
    pixels in [0, 1]; multiply them by 255: linf 4/255 is ``epsilon=4``, l2 0.5
    is ``epsilon=127.5``.

    A step costs a forward pass and a backward pass to the images alone:
    gradients of the parameters are not computed.

    Args:
        norm: ``'linf'`` or ``'l2'``.
        epsilon: Radius of the ball, in pixel values.
        step: Length of a step, in pixel values; None: ``2.5 * epsilon / num_steps``, as Madry et al.
        num_steps: Number of steps, each a forward and a backward pass.
        random_start: Start from a random point of the ball.
        model_mode: The mode of the attacked model, where the attack is told of it; see :func:`under_attack`.
        autocast: ``'bfloat16'`` or ``'float16'`` to attack in that type where training is in float32; under an
            autocast of the training the attack runs in the type of that.

    Raises:
        ConfigError: If a setting is out of range.

    Example:
        >>> attack = PGD('linf', epsilon=4, step=1, num_steps=10)
        >>> adversarial = attack(images, lambda x: cross_entropy(model((x - mean) / std), labels))  # doctest: +SKIP
    """

    def __init__(
        self,
        norm: str,
        epsilon: float,
        step: float | None = None,
        num_steps: int = 10,
        random_start: bool = True,
        model_mode: str = 'eval',
        autocast: str | None = None,
    ) -> None:
        super().__init__()
        # An epsilon or a number of steps that none can have is told as itself, not as the step that it would give.
        check_attack(norm, epsilon, 1 if step is None else step, num_steps)
        check_mode(model_mode)
        if autocast not in (None, *TYPES):
            raise ConfigError(f'autocast of an attack must be one of {sorted(TYPES)} or None, got {autocast!r}')
        self.norm, self.epsilon, self.num_steps, self.random_start = norm, epsilon, num_steps, random_start
        self.step = 2.5 * epsilon / num_steps if step is None else step
        self.model_mode, self.autocast = model_mode, autocast

    def forward(self, images: Tensor, loss_of: LossOf, model: nn.Module | None = None) -> Tensor:
        """Return detached adversarial (N, C, H, W) images for a scalar loss.

        Args:
            images: (N, C, H, W) floating pixel values 0 to 255.
            loss_of: See :func:`signed_gradient_step`.
            model: What ``loss_of`` calls, to be put into ``model_mode``; None leaves that to the caller.
        """
        mode = contextlib.nullcontext() if model is None else under_attack(model, self.model_mode)
        with mode, self._autocast(images.device.type):
            return perturb(images, loss_of, self.norm, self.epsilon, self.step, self.num_steps, self.random_start)

    def _autocast(self, device: str) -> contextlib.AbstractContextManager:
        # Inside another autocast, PyTorch would hand out weights that it has kept in the type of that.
        if self.autocast is None or torch.is_autocast_enabled(device):
            return contextlib.nullcontext()
        return torch.autocast(device, TYPES[self.autocast])

    def extra_repr(self) -> str:
        return (
            f'norm={self.norm!r}, epsilon={self.epsilon}, step={self.step}, num_steps={self.num_steps}, '
            f'random_start={self.random_start}, model_mode={self.model_mode!r}, autocast={self.autocast!r}'
        )
