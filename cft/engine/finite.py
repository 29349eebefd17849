"""Are these numbers finite? Cheap when they are, precise when they are not."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


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


def spread_if_not_finite(loss: Tensor) -> Tensor:
    """The same loss, but if it is not finite every gradient that it gives is NaN.

    A NaN without a path to the parameters, such as the mean of no terms, would
    otherwise go unnoticed: gradients of the other terms are finite. Under DDP the
    NaN also reaches the other ranks, so that all of them see the same.

    Args:
        loss: Of any shape; finite values are unchanged to the last bit.

    Example:
        >>> weight = torch.ones(1, requires_grad=True)
        >>> spread_if_not_finite(weight.sum() + torch.empty(0).mean()).backward()
        >>> weight.grad
        tensor([nan])
    """
    return loss * ((loss - loss).detach() + 1)


def names_of_non_finite(named: Iterable[tuple[str, Tensor | None]]) -> list[str]:
    """Names of the tensors with a value that is not finite, in their order."""
    return [
        name for name, tensor in named if tensor is not None and tensor.is_floating_point() and not all_finite([tensor])
    ]


def gradients(module: nn.Module) -> list[tuple[str, Tensor | None]]:
    """Names of the parameters with their gradients."""
    return [(name, parameter.grad) for name, parameter in module.named_parameters()]
