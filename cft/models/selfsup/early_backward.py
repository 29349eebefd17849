"""Differentiate a term of a loss as soon as it is known, so that its activations are freed before the next one."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cft.models.adversarial import LOSS_SCALE


class EarlyBackward:
    """Turns a term into one of the same value and gradient that holds no activations.

    The gradients of the parameters are computed at once and handed out when
    the whole loss is differentiated, times whatever factor the term got by
    then: accumulation, the scale of mixed precision, a NaN that skips the step.
    To DDP it is one backward pass with one reduction. The memory of activations
    is that of one term; each early term holds one copy of the gradients.

    So that half-precision gradients neither underflow nor overflow, the early
    pass scales the term by the power of two nearest to the factor of the last
    backward pass. Where that is another factor than the final one, the
    gradients are multiplied by the ratio; a power of two rounds nothing.

    Example:
        >>> weight = nn.Parameter(torch.tensor(2.0))
        >>> term, _ = EarlyBackward()(weight.square(), [weight])
        >>> (3 * term).backward()
        >>> weight.grad
        tensor(12.)
    """

    def __init__(self) -> None:
        # On the device of the losses, so that nothing waits for it.
        self._scale: Tensor | None = None

    def __call__(
        self, term: Tensor, parameters: Sequence[nn.Parameter], inputs: Sequence[Tensor] = ()
    ) -> tuple[Tensor, list[Tensor]]:
        """The term without its graph, and the gradients of ``inputs``, scaled by a positive factor.

        Args:
            term: Scalar.
            parameters: All that receive gradients; those that the term does not depend on get none from it.
            inputs: On which the term depends.

        Raises:
            RuntimeError: When the result is differentiated twice.
        """
        if not term.requires_grad:
            return term, []
        scale = torch.full_like(term.detach(), LOSS_SCALE) if self._scale is None else self._scale.to(term.device)
        with torch.autocast(term.device.type, enabled=False):
            gradients = torch.autograd.grad(
                term.to(torch.promote_types(term.dtype, torch.float32)) * scale,
                [*parameters, *inputs],
                allow_unused=True,
            )
        kept = _Kept(self, list(gradients[: len(parameters)]), scale)
        known: Tensor = _KnownGradient.apply(term.detach(), kept, *parameters)  # type: ignore[no-untyped-call]
        return known, list(gradients[len(parameters) :])

    def follow(self, factor: Tensor) -> None:
        """Scale the next terms as this one was scaled in the end."""
        mantissa, _ = torch.frexp(factor.detach())
        nearest = factor.detach() / (2 * mantissa)
        before = torch.full_like(nearest, LOSS_SCALE) if self._scale is None else self._scale.to(nearest)
        self._scale = torch.where((nearest > 0) & nearest.isfinite(), nearest, before)


class _Kept:
    """Gradients of a scaled term, to be given away once."""

    def __init__(self, owner: EarlyBackward, gradients: list[Tensor | None], scale: Tensor) -> None:
        self.owner, self.gradients, self.scale = owner, gradients, scale

    def take(self, factor: Tensor) -> list[Tensor | None]:
        if not self.gradients:
            raise RuntimeError('a term of the loss was differentiated a second time; its gradients are gone')
        gradients, self.gradients = self.gradients, []
        self.owner.follow(factor)
        ratio = factor / self.scale
        for index, gradient in enumerate(gradients):
            # Not in place: autograd may give two parameters the same memory.
            gradients[index] = None if gradient is None else gradient * ratio
        return gradients


class _KnownGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, kept: _Kept, *parameters: Tensor) -> Tensor:
        ctx.kept = kept
        return value.clone()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *ctx.kept.take(factor)
