"""Losses and gradients that are not finite."""

from torch import Tensor, nn


def spread_if_not_finite(loss: Tensor) -> Tensor:
    """The same loss, but if it is not finite every gradient that it gives is NaN.

    A NaN without a path to the parameters, such as the mean of no terms, would
    otherwise go unnoticed: gradients of the other terms are finite. Under DDP the
    NaN also reaches the other ranks, so that all of them see the same.

    Args:
        loss: Of any shape; finite values are unchanged to the last bit.

    Example:
        >>> import torch
        >>> weight = torch.ones(1, requires_grad=True)
        >>> spread_if_not_finite(weight.sum() + torch.empty(0).mean()).backward()
        >>> weight.grad
        tensor([nan])
    """
    return loss * ((loss - loss).detach() + 1)


def gradients(module: nn.Module) -> list[tuple[str, Tensor | None]]:
    """Names of the parameters with their gradients."""
    return [(name, parameter.grad) for name, parameter in module.named_parameters()]
