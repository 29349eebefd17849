"""l2 normalisation whose gradient stays bounded at the zero vector."""

import torch


def l2_normalize(features: torch.Tensor, eps: float = 1e-6) -> torch.Tensor:
    """Scale each row to unit length.

    A row shorter than ``eps`` has no direction: it is returned as it is, with
    gradient 1. Dividing by a clamped norm instead multiplies the gradient of
    such a row by ``1 / eps`` and ends in a NaN some steps later. Rows of any
    other finite length are divided by a power of two first, so that no square
    overflows and the gradient is right up to the largest number of the type; an
    infinite or NaN entry makes its row NaN.

    Args:
        features: (..., D) floating-point tensor.
        eps: Length below which a row counts as zero, in units of the features.

    Returns:
        Tensor of the same shape and type.

    Raises:
        ValueError: If the features are integers, or complex.

    Example:
        >>> l2_normalize(torch.tensor([[3., 4.], [0., 0.]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    dtype = features.dtype
    if not dtype.is_floating_point:
        raise ValueError(f'rows to normalise must be floating-point numbers, got {dtype}')
    if features.numel() == 0:
        return features
    features = features.to(torch.promote_types(dtype, torch.float32))
    scale = _power_of_two(features.detach())
    features = features / scale
    squared_norm = features.square().sum(dim=-1, keepdim=True)
    short = squared_norm < (eps / scale).square()
    return (features * torch.rsqrt(torch.where(short, scale.pow(-2), squared_norm))).to(dtype)


def _power_of_two(features: torch.Tensor) -> torch.Tensor:
    """(..., 1), the largest one that is at most the row's largest entry; at least 1."""
    largest = features.abs().amax(dim=-1, keepdim=True)
    mantissa, _ = torch.frexp(largest)
    return torch.where(largest > 1, largest / (2 * mantissa), torch.ones_like(largest))
