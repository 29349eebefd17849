"""l2 normalisation whose gradient stays bounded at the zero vector."""

import torch


def l2_normalize(features: torch.Tensor, eps: float = 1e-6) -> torch.Tensor:
    """Scale each row to unit length.

    A row shorter than ``eps`` has no direction: it is returned as it is, with
    gradient 1. Dividing by a clamped norm instead multiplies the gradient of
    such a row by ``1 / eps`` and ends in a NaN some steps later.

    Args:
        features: (..., D) real tensor.
        eps: Length below which a row counts as zero, in units of the features.

    Returns:
        Tensor of the same shape and type.

    Example:
        >>> l2_normalize(torch.tensor([[3., 4.], [0., 0.]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    dtype = features.dtype
    features = features.to(torch.promote_types(dtype, torch.float32))
    squared_norm = features.square().sum(dim=-1, keepdim=True)
    return (features * torch.rsqrt(squared_norm.masked_fill(squared_norm < eps**2, 1.0))).to(dtype)
