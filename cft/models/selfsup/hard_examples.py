"""Hard examples of a self-supervised objective: adversarial and cut-mixed views (HEXA)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.adversarial import PixelSpace, move_along_sign
from cft.models.adversarial.input_checks import check_attack
from cft.models.norms import auxiliary_statistics
from cft.models.pairs import cutmix
from cft.registry import MODELS

from .early_backward import EarlyBackward

Encode = Callable[[Sequence[Tensor]], list[Tensor]]
# Features of each view, and for each question whose pseudo-labels are asked for (None: each row's own); returns for
# each question each view's part of the loss, so that the loss is their sum.
ViewLosses = Callable[[list[Tensor], Sequence[Tensor | None]], Sequence[Sequence[Tensor]]]


@MODELS.register_module()
class HardExamples(nn.Module):
    r"""The terms of HEXA's objective on top of a standard one.

    .. math:: L = L^{std} + \alpha_1 L^{adv} + \alpha_2 L^{cmx}

    HEXA, equation 10. Adversarial views are one signed-gradient step away from
    the clean ones, in pixel space, along the gradient of the standard loss that
    was computed anyway (equation 6). They pass through the auxiliary BatchNorm
    statistics. Cut-mixed views show a box of another image of the batch, the
    same partner in every view, and are asked for both pseudo-labels in
    proportion to the areas (equations 8 and 9). A weight of 0 leaves the term
    out and costs nothing.

    Each term but the last is differentiated before the next one is computed, by
    :class:`EarlyBackward`: the activations of one term are in memory at a time,
    and the gradient of the clean views comes with that of the parameters. Under
    ``torch.no_grad()``, as for a loss of validation images, the values are the
    same, and the standard loss alone is differentiated, by the views it attacks.

    Figure 2's combinations: Std (0, 0, 0), +Adv (1, 0, 0), +Cmx (0, 1, 0),
    +Adv+Cmx (1, 1, 0), +Adv+Cmx_A (1, 0, 1), all (1, 1, 1).

    Args:
        adversarial_weight: alpha_1.
        cutmix_weight: alpha_2, of views mixed from clean ones.
        adversarial_cutmix_weight: Weight of views mixed from adversarial ones (Cmx_A).
        epsilon: Largest change of a pixel, of 255.
        step: Size of the step, of 255; HEXA uses 1 for both.
        alpha: First Beta parameter of the area that an image keeps.
        beta: Second Beta parameter.

    Raises:
        ConfigError: For a negative weight, or an epsilon or step that is not positive.

    Example:
        >>> hard_examples = HardExamples(adversarial_weight=1.0, cutmix_weight=1.0)
    """

    def __init__(
        self,
        adversarial_weight: float = 1.0,
        cutmix_weight: float = 0.0,
        adversarial_cutmix_weight: float = 0.0,
        epsilon: float = 1.0,
        step: float = 1.0,
        alpha: float = 5.0,
        beta: float = 3.0,
    ) -> None:
        super().__init__()
        check_attack('linf', epsilon, step, 1)
        self.weights = {
            'loss_adv': adversarial_weight,
            'loss_cmx': cutmix_weight,
            'loss_cmx_adv': adversarial_cutmix_weight,
        }
        if not all(weight >= 0 for weight in self.weights.values()):
            raise ConfigError(f'weights of hard examples must not be negative, got {self.weights}')
        self.epsilon, self.step, self.alpha, self.beta = epsilon, step, alpha, beta
        self.early = EarlyBackward()

    @property
    def attacks(self) -> bool:
        """Whether any term needs adversarial views, and the encoder auxiliary BatchNorm statistics."""
        return bool(self.weights['loss_adv'] or self.weights['loss_cmx_adv'])

    def forward(
        self,
        views: Sequence[Tensor],
        encode: Encode,
        view_losses: ViewLosses,
        online: nn.Module,
        pixels: PixelSpace,
        parameters: Sequence[nn.Parameter],
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Compute the standard loss and the terms that have a weight.

        Args:
            views: Normalised (N, C, H, W) views.
            encode: Online features of each view.
            view_losses: Each view's part of the standard loss.
            online: All modules that ``encode`` uses.
            pixels: Their normalisation.
            parameters: All that the loss trains.

        Returns:
            ``loss_std`` and, weighted, ``loss_adv``, ``loss_cmx``, ``loss_cmx_adv``; and
            the detached features of the clean views.

        Raises:
            RuntimeError: In inference mode, if adversarial views are asked for.
        """
        if self.attacks and torch.is_inference_mode_enabled():
            raise RuntimeError('adversarial views need a gradient: use torch.no_grad() in place of inference_mode()')
        names = [name for name in ('loss_adv', 'loss_cmx_adv', 'loss_cmx') if self.weights[name]]
        trains = torch.is_grad_enabled()
        with torch.set_grad_enabled(trains or self.attacks):
            views, clean = [view.detach().requires_grad_(self.attacks) for view in views], views
            features = encode(views)
            losses = {'loss_std': _total(view_losses(features, [None])[0])}
            features = [rows.detach() for rows in features]
            if names:
                losses['loss_std'], gradients = self.early(
                    losses['loss_std'], parameters if trains else (), views if self.attacks else ()
                )
        adversarial = self.attack(clean, gradients, pixels) if self.attacks else []
        # In a small network images count: they are not held beyond their use, here and below.
        gradients = []
        for name in names:
            if name == 'loss_cmx':
                adversarial = []
                loss = self._mixed_loss(clean, encode, view_losses)
            else:
                with auxiliary_statistics(online):
                    loss = (
                        _total(view_losses(encode(adversarial), [None])[0])
                        if name == 'loss_adv'
                        else self._mixed_loss(adversarial, encode, view_losses)
                    )
            loss = self.weights[name] * loss
            losses[name] = loss if name == names[-1] else self.early(loss, parameters, joined=True)[0]
        return losses, features

    def attack(self, views: Sequence[Tensor], gradients: Sequence[Tensor], pixels: PixelSpace) -> list[Tensor]:
        """Adversarial counterparts of normalised views, by the gradients of their loss at any positive scale."""
        pixels.check(views)
        # A positive scale per channel, the standard deviation, lies between these gradients and those of the pixels.
        return [
            pixels.normalize(move_along_sign(pixels.restore(view), gradient, self.step, self.epsilon))
            for view, gradient in zip(views, gradients, strict=True)
        ]

    def _mixed_loss(self, views: Sequence[Tensor], encode: Encode, view_losses: ViewLosses) -> Tensor:
        first = cutmix(views[0], self.alpha, self.beta)
        mixed = [first, *(cutmix(view, self.alpha, self.beta, first.partner) for view in views[1:])]
        features = encode([view.images for view in mixed])
        own, partners = view_losses(features, [None, first.partner])
        return _total([m.ratio * a + (1 - m.ratio) * b for m, a, b in zip(mixed, own, partners, strict=True)])

    def extra_repr(self) -> str:
        weights = ', '.join(f'{name}={weight}' for name, weight in self.weights.items())
        return f'{weights}, epsilon={self.epsilon}, step={self.step}, alpha={self.alpha}, beta={self.beta}'


def _total(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(tuple(parts)).sum()
