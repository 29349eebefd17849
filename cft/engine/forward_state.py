"""What a forward pass changes beside its outputs, to be undone."""

import torch
from torch import Tensor, nn

from cft.models.selfsup.feature_memory import FeatureMemory


class ForwardState:
    """A copy of a model's buffers that can be put back.

    The buffers are BatchNorm's running statistics, queues of keys and their
    position, and whatever else a model registers. Rows that
    :class:`cft.models.selfsup.FeatureMemory` has appended are dropped as well.
    The copies take the buffers' memory once; parameters and random states are
    not part of it.

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
        self._memories: list[tuple[FeatureMemory, dict]] = []

    @torch.no_grad()
    def keep(self) -> None:
        """Remember the buffers as they are now."""
        buffers = list(self.model.buffers())
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
        # It only ever appends, so that its attributes tell what was there.
        self._memories = [(memory, dict(vars(memory))) for memory in _feature_memories(self.model)]

    @torch.no_grad()
    def put_back(self) -> None:
        """Give the buffers the values of the last :meth:`keep`."""
        for group, copies in self._kept:
            torch._foreach_copy_(group, copies)
        for memory, attributes in self._memories:
            vars(memory).update(attributes)


def _feature_memories(model: nn.Module) -> list[FeatureMemory]:
    return [value for module in model.modules() for value in vars(module).values() if isinstance(value, FeatureMemory)]
