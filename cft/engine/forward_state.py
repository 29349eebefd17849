"""What a forward pass changes beside its outputs, to be undone."""

from typing import Protocol

import torch
from torch import Tensor, nn


class KeepsForwardState(Protocol):
    """What tells itself how a forward pass changes it, such as collected features or a long queue.

    A module with these two methods, or a module's attribute with them, is found by :class:`ForwardState`. The
    buffers of such a module are its own care.
    """

    def forward_state(self) -> object:
        """What tells the state as it is now; later forward passes must not change the returned object."""

    def restore_forward_state(self, state: object) -> None:
        """Take back what :meth:`forward_state` returned."""


class ForwardState:
    """A copy of a model's buffers that can be put back.

    The buffers are BatchNorm's running statistics and whatever else a model
    registers; what is too large to be copied in every step, or no buffer, tells
    its state itself (:class:`KeepsForwardState`). The copies take the buffers'
    memory once; parameters and random states are not part of it.

    Args:
        model: The model, without wrappers.

    Example:
        >>> norm = nn.BatchNorm1d(2)
        >>> state = ForwardState(norm)
        >>> state.keep()
        >>> _ = norm(torch.full((4, 2), float('nan')))
        >>> state.put_back()
        >>> norm.running_mean
        tensor([0., 0.])
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self._kept: list[tuple[list[Tensor], list[Tensor]]] = []
        self._shapes: list[tuple] = []
        self._told: list[tuple[KeepsForwardState, object]] = []

    @torch.no_grad()
    def keep(self) -> None:
        """Remember the state as it is now."""
        keepers = _keepers(self.model)
        own = {id(buffer) for keeper in keepers if isinstance(keeper, nn.Module) for buffer in keeper.buffers()}
        buffers = [buffer for buffer in self.model.buffers() if id(buffer) not in own]
        shapes = [(id(buffer), buffer.shape, buffer.device) for buffer in buffers]
        if shapes != self._shapes:
            by_type: dict[tuple, list[Tensor]] = {}
            for buffer in buffers:
                by_type.setdefault((buffer.dtype, buffer.device), []).append(buffer)
            self._kept = [(group, [buffer.clone() for buffer in group]) for group in by_type.values()]
            self._shapes = shapes
        else:
            for group, copies in self._kept:
                torch._foreach_copy_(copies, group)
        self._told = [(keeper, keeper.forward_state()) for keeper in keepers]

    @torch.no_grad()
    def put_back(self) -> None:
        """Go back to the last :meth:`keep`."""
        for group, copies in self._kept:
            torch._foreach_copy_(group, copies)
        for keeper, state in self._told:
            keeper.restore_forward_state(state)


def _keepers(model: nn.Module) -> list[KeepsForwardState]:
    # Asked of the types: in every step, and a module looks long for an attribute that it lacks.
    held = [value for module in model.modules() for value in (module, *vars(module).values())]
    return [value for value in held if hasattr(type(value), 'forward_state')]
