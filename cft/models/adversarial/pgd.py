"""The attack of adversarial training and of robust accuracy, as a component."""

from torch import Tensor, nn

from cft.registry import MODELS

from .attacks import LossOf, perturb
from .input_checks import check_attack


@MODELS.register_module()
class PGD(nn.Module):
    """The attack of :func:`perturb` on pixel values 0 to 255, as a component of a config.

    Published strengths (Core-tuning, appendix C.4; Madry et al.) are given for
    pixels in [0, 1]; multiply them by 255: linf 4/255 is ``epsilon=4``, l2 0.5
    is ``epsilon=127.5``. A usual step is ``2.5 * epsilon / num_steps``.

    Args:
        norm: ``'linf'`` or ``'l2'``.
        epsilon: Radius of the ball, in pixel values.
        step: Length of a step, in pixel values.
        num_steps: Number of steps, each a forward and a backward pass.
        random_start: Start from a random point of the ball.

    Example:
        >>> attack = PGD('linf', epsilon=4, step=1, num_steps=10)
        >>> adversarial = attack(images, lambda x: cross_entropy(model((x - mean) / std), labels))  # doctest: +SKIP
    """

    def __init__(self, norm: str, epsilon: float, step: float, num_steps: int, random_start: bool = True) -> None:
        super().__init__()
        check_attack(norm, epsilon, step, num_steps)
        self.norm, self.epsilon, self.step = norm, epsilon, step
        self.num_steps, self.random_start = num_steps, random_start

    def forward(self, images: Tensor, loss_of: LossOf) -> Tensor:
        """Return detached adversarial (N, C, H, W) images for a scalar loss."""
        return perturb(images, loss_of, self.norm, self.epsilon, self.step, self.num_steps, self.random_start)

    def extra_repr(self) -> str:
        return (
            f'norm={self.norm!r}, epsilon={self.epsilon}, step={self.step}, num_steps={self.num_steps}, '
            f'random_start={self.random_start}'
        )
