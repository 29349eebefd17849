"""What makes the host wait for the device: operators whose result, or its shape, Python has to know."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# A value goes to the host, or a shape depends on values.
WAITING = {
    '_local_scalar_dense', 'item', 'is_nonzero', 'equal', 'allclose', 'nonzero', 'argwhere', 'masked_select', '_unique',
    '_unique2', 'unique_consecutive', 'unique_dim', 'unique_dim_consecutive', 'bincount',
}  # fmt: skip
# Methods that copy to the host without such an operator, or with one that is not to count as well.
COPYING = ('tolist', 'cpu', 'numpy')
INDEXED = {'index', 'index_put', 'index_put_', '_index_put_impl_', '_unsafe_index', '_unsafe_index_put'}


class _Counting(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.copying = False

    def __torch_dispatch__(
        self, func: torch._ops.OpOverload, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        name = func._schema.name.removeprefix('aten::')
        if self.copying:
            pass
        elif name in WAITING or (name == 'repeat_interleave' and (kwargs or {}).get('output_size') is None):
            self.found[name] += 1
        elif name in INDEXED and _has_mask(args[1]):
            self.found['boolean index'] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def _counted_methods(counting: _Counting) -> Iterator[None]:
    """Count calls of the methods of tensors that copy to the host, once each, whichever they call in turn."""

    def counted(name: str) -> Callable[..., object]:
        plain = getattr(Tensor, name)

        def copy(self: Tensor, *args: object, **kwargs: object) -> object:
            # Without force, numpy takes what is on the host, and nothing else.
            if counting.copying or (name == 'numpy' and not (args or kwargs.get('force'))):
                return plain(self, *args, **kwargs)
            counting.found[name] += 1
            counting.copying = True
            try:
                return plain(self, *args, **kwargs)
            finally:
                counting.copying = False

        return copy

    with ExitStack() as patches:
        for name in COPYING:
            patches.enter_context(mock.patch.object(Tensor, name, counted(name)))
        yield


def _has_mask(indices: object) -> bool:
    return any(isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8) for index in indices)


def synchronisations(function: Callable[[], object]) -> Counter[str]:
    """Run a function and count, by operator, what would wait for an accelerator.

    On the CPU nothing waits, but the same operators and methods are called. A
    method that copies to the host counts once, on a tensor that was there as
    well; of copies by ``to`` nothing is seen. A mask as an index counts once,
    not its inner search.

    Example:
        >>> values = torch.tensor([1.0, -1.0])
        >>> synchronisations(lambda: values[values > 0])
        Counter({'boolean index': 1})
        >>> synchronisations(lambda: float(values.sum()) + values.relu().sum())
        Counter({'_local_scalar_dense': 1})
        >>> synchronisations(lambda: values[0].tolist() + values.cpu().numpy())
        Counter({'tolist': 1, 'cpu': 1})
    """
    with _Counting() as counting, _counted_methods(counting):
        function()
    return counting.found
