"""Are these numbers finite? Cheap when they are, precise when they are not."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether no value is infinite or NaN.

    One fused norm and one transfer to the CPU, whatever the number of tensors.
    A norm that overflows though every value is finite is looked into.

    Args:
        tensors: Of any shapes, on any devices.

    Example:
        >>> all_finite([torch.zeros(3), torch.full((2,), 1e38)]), all_finite([torch.tensor(float('nan'))])
        (True, False)
    """
    if not tensors or math.isfinite(torch.nn.utils.get_total_norm(tensors).item()):
        return True
    return all(bool(tensor.isfinite().all()) for tensor in tensors)


def names_of_non_finite(named: Iterable[tuple[str, Tensor | None]]) -> list[str]:
    """Names of the tensors with a value that is not finite, in their order.

    Example:
        >>> names_of_non_finite([('a', torch.zeros(2)), ('b', torch.tensor(torch.inf)), ('c', None)])
        ['b']
    """
    return [
        name for name, tensor in named if tensor is not None and tensor.is_floating_point() and not all_finite([tensor])
    ]
