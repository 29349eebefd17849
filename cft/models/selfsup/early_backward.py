"""Differentiate a term of a loss as soon as it is known, so that its activations are freed before the next one."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from cft.models.adversarial import LOSS_SCALE


class EarlyBackward(nn.Module):
    """Turns a term into one of the same value and gradient that holds no activations.

    The gradients of the parameters are computed at once and handed out when
    the whole loss is differentiated, times whatever factor the term got by
    then: accumulation, the scale of mixed precision, a NaN that skips the step.
    To DDP it is one backward pass with one reduction. The memory of activations
    is that of one term. One copy of the gradients is held for all terms that
    are joined; their sum must be differentiated, with one factor for all.

    So that half-precision gradients neither underflow nor overflow, the early
    pass scales the term by half of the largest power of two in the factor of
    the last backward pass. The next factor is known only when the sum is
    differentiated; half is no more than it, even after a gradient overflowed and
    the scaler of mixed precision has backed off by 1/2. The gradients are
    multiplied by the ratio of both; a power of two rounds nothing. Checkpoints
    keep the scale, as a resumed run would else round its first gradients
    differently. One from before it was kept begins at the start value.

    Example:
        >>> weight = nn.Parameter(torch.tensor(2.0))
        >>> term, _ = EarlyBackward()(weight.square(), [weight])
        >>> (3 * term).backward()
        >>> weight.grad
        tensor(12.)
    """

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        # On the device of the losses, so that nothing waits for it.
        self.register_buffer('scale', torch.tensor(LOSS_SCALE))
        self._held: _Held | None = None

    def forward(
        self, term: Tensor, parameters: Sequence[nn.Parameter], inputs: Sequence[Tensor] = (), joined: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """The term without its graph, and the gradients of ``inputs``, scaled by a positive factor.

        Args:
            term: Scalar.
            parameters: All that receive gradients; those that the term does not depend on get none from it.
            inputs: On which the term depends.
            joined: Add the gradients to those of the last term, with which this one is differentiated.

        Raises:
            RuntimeError: When the result is differentiated twice, or without those that it was joined with.
        """
        if not term.requires_grad:
            return term, []
        if joined and self._held is not None and self._held.gradients:
            held = self._held
        else:
            # A copy, as the buffer may be synchronised or restored before the sum is differentiated.
            held = self._held = _Held(self, self.scale.to(term.device, copy=True))
        with torch.autocast(term.device.type, enabled=False):
            gradients = torch.autograd.grad(
                term.to(torch.promote_types(term.dtype, torch.float32)) * held.scale,
                [*parameters, *inputs],
                allow_unused=True,
            )
        of_inputs = list(gradients[len(parameters) :])
        held.add(list(gradients[: len(parameters)]))
        if held.terms == 1:
            known = _with_known_gradient(term.detach(), held, *parameters)
        else:
            known = _joined(term.detach(), held, parameters[0])
        return known, of_inputs

    @torch.no_grad()
    def follow(self, factor: Tensor) -> None:
        """Scale the next terms by half of what this one was scaled by in the end."""
        mantissa, _ = torch.frexp(factor)
        half = (factor / (4 * mantissa)).to(self.scale)
        # In place: DistributedDataParallel keeps references to the buffers.
        self.scale.copy_(torch.where((half > 0) & half.isfinite(), half, self.scale))

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        state_dict.setdefault(f'{prefix}scale', torch.full_like(self.scale, LOSS_SCALE))
        super()._load_from_state_dict(state_dict, prefix, *args)


class _Held:
    """The gradients of scaled terms, to be given away once."""

    def __init__(self, owner: EarlyBackward, scale: Tensor) -> None:
        self.owner, self.scale = owner, scale
        self.gradients: list[Tensor | None] = []
        self.terms = 0
        self.factors: list[Tensor] = []

    def add(self, gradients: list[Tensor | None]) -> None:
        self.terms += 1
        if not self.gradients:
            self.gradients = gradients
            return
        for index, before in enumerate(self.gradients):
            own, gradients[index] = gradients[index], None
            # Not in place, here and below: autograd may give two parameters the same memory.
            self.gradients[index] = own if before is None else before if own is None else before + own

    def take(self, factor: Tensor) -> list[Tensor | None]:
        if not self.gradients:
            raise RuntimeError('a term of the loss was differentiated a second time; its gradients are gone')
        if len(self.factors) + 1 < self.terms:
            raise RuntimeError('terms of the loss were differentiated apart; differentiate their sum')
        gradients, self.gradients = self.gradients, []
        self.owner.follow(factor)
        ratio = factor / self.scale
        for other in self.factors:
            ratio = torch.where(other == factor, ratio, torch.nan)
        for index, gradient in enumerate(gradients):
            gradients[index] = None if gradient is None else gradient * ratio
        return gradients


class _KnownGradient(torch.autograd.Function):
    """The first of joined terms, which hands out the gradients of all."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, held: _Held, *parameters: Tensor) -> Tensor:
        ctx.held = held
        return value.clone()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *ctx.held.take(factor)


class _Joined(torch.autograd.Function):
    """A later one. Autograd visits what was computed later first."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, held: _Held, parameter: Tensor) -> Tensor:
        ctx.held = held
        return value.clone()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[None, None, None]:
        ctx.held.factors.append(factor)
        return None, None, None


# torch gives ``apply`` no types.
_with_known_gradient = cast('Callable[..., Tensor]', _KnownGradient.apply)
_joined = cast('Callable[..., Tensor]', _Joined.apply)
