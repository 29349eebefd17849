"""How large the tensors are that a piece of code makes."""

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class LargestTensor(TorchDispatchMode):
    """Records how many entries the largest tensor has that an operation makes.

    What shares memory with an argument is not made.

    Example:
        >>> with LargestTensor() as largest:
        ...     _ = torch.zeros(3, 4) + 1
        >>> largest.entries
        12
    """

    entries = 0

    def __torch_dispatch__(
        self, function: object, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        result = function(*args, **(kwargs or {}))
        given = {value.untyped_storage().data_ptr() for value in args if isinstance(value, Tensor)}
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, Tensor) and value.untyped_storage().data_ptr() not in given:
                self.entries = max(self.entries, value.numel())
        return result
