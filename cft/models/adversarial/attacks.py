"""Adversarial examples by projected gradient ascent on the pixels (Madry et al. 2018)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from cft.errors import ConfigError

from .input_checks import check_attack, check_pixels

LossOf = Callable[[Tensor], Tensor]

# Half-precision gradients of confident predictions underflow to zero, and a zero has no sign. The direction of
# the gradient does not depend on this factor, and a power of two rounds nothing in wider types.
LOSS_SCALE = 2.0**12


def _ascent_gradient(images: Tensor, loss_of: LossOf) -> Tensor:
    """Gradient of the scaled loss."""
    with torch.enable_grad():
        images = images.detach().requires_grad_()
        loss = loss_of(images)
        if loss.numel() != 1:
            raise ConfigError(f'loss_of must return a scalar, got shape {tuple(loss.shape)}')
        gradient = None
        if loss.requires_grad:
            loss = loss.to(torch.promote_types(loss.dtype, torch.float32)) * LOSS_SCALE
            (gradient,) = torch.autograd.grad(loss, images, allow_unused=True)
    if gradient is None:
        raise ConfigError('loss_of has no gradient in the images: compute it from them, without no_grad or detach')
    return gradient


def _finite_or_zero(gradient: Tensor) -> Tensor:
    """Zero for an image whose gradient is not finite, as when half precision overflows."""
    finite = gradient.flatten(1).isfinite().all(dim=1)
    return gradient.masked_fill(~finite.view(-1, 1, 1, 1), 0.0)


def _unit_length(vectors: Tensor) -> Tensor:
    """Scale each image of a batch to l2 length 1; zero stays zero, and no length is too small to be scaled."""
    largest = vectors.abs().amax(dim=(1, 2, 3), keepdim=True)
    vectors = vectors / largest.masked_fill(largest == 0, 1.0)
    return vectors / torch.linalg.vector_norm(vectors, dim=(1, 2, 3), keepdim=True).clamp(min=1.0)


def _move(
    images: Tensor, direction: Tensor, clean: Tensor, norm: str, epsilon: float, limits: tuple[float, float]
) -> Tensor:
    change = images + direction - clean
    change = change.clamp(-epsilon, epsilon) if norm == 'linf' else torch.renorm(change, 2, 0, epsilon)
    return (clean + change).clamp(*limits)


def _random_direction(images: Tensor, norm: str, epsilon: float) -> Tensor:
    """A uniform draw from the ball."""
    if norm == 'linf':
        return torch.empty_like(images).uniform_(-epsilon, epsilon)
    share = torch.rand(len(images), 1, 1, 1, device=images.device, dtype=images.dtype)
    return _unit_length(torch.randn_like(images)) * epsilon * share ** (1 / math.prod(images.shape[1:]))


def signed_gradient_step(
    images: Tensor,
    loss_of: LossOf,
    step: float,
    epsilon: float,
    clean: Tensor | None = None,
    low: float = 0.0,
    high: float = 255.0,
) -> Tensor:
    """Take one step of size ``step`` along the sign of the loss's gradient (HEXA, equation 6).

    The result stays within ``epsilon`` of the clean images in every pixel, and
    in [low, high]. The gradient is taken with respect to the images alone:
    parameters receive none, so this may stand inside a training forward pass,
    under DDP or autocast, and also under ``no_grad``. BatchNorm layers in
    training mode do see the extra forward pass of ``loss_of``.

    Args:
        images: (N, C, H, W) floating pixel values, before normalisation.
        loss_of: Scalar loss of such images; normalises them itself.
        step: Size of the step, in pixel values.
        epsilon: Largest change of a pixel, in pixel values.
        clean: (N, C, H, W) centre of the allowed changes; default ``images``.
        low: Least pixel value.
        high: Largest pixel value.

    Returns:
        (N, C, H, W) detached images. An image whose gradient is not finite is not moved.

    Raises:
        ConfigError: If a setting or the images are out of range, or the loss has no gradient in them.

    Example:
        >>> signed_gradient_step(torch.full((1, 1, 1, 2), 9.), lambda x: (x * torch.tensor([2., -3.])).sum(), 1, 1)
        tensor([[[[10.,  8.]]]])
    """
    check_attack('linf', epsilon, step, 1)
    check_pixels(images, low, high)
    if clean is None:
        clean = images
    elif clean.shape != images.shape:
        raise ConfigError(f'images {tuple(images.shape)} and clean images {tuple(clean.shape)} differ in shape')
    else:
        check_pixels(clean, low, high)
    return move_along_sign(images, _ascent_gradient(images, loss_of), step, epsilon, clean, low, high)


def move_along_sign(
    images: Tensor,
    gradient: Tensor,
    step: float,
    epsilon: float,
    clean: Tensor | None = None,
    low: float = 0.0,
    high: float = 255.0,
) -> Tensor:
    """The step of :func:`signed_gradient_step` for a gradient that is known already.

    Args:
        images: (N, C, H, W) floating pixel values.
        gradient: (N, C, H, W) gradient of the loss, of any positive scale.
        step: See :func:`signed_gradient_step`, as for the result.
        epsilon: See there.
        clean: See there.
        low: See there.
        high: See there.

    Example:
        >>> move_along_sign(torch.full((1, 1, 1, 2), 9.), torch.tensor([[[[2., -3.]]]]), step=1, epsilon=1)
        tensor([[[[10.,  8.]]]])
    """
    clean = images if clean is None else clean
    direction = step * _finite_or_zero(gradient).sign()
    return _move(images.detach(), direction, clean.detach(), 'linf', epsilon, (low, high))


def perturb(
    images: Tensor,
    loss_of: LossOf,
    norm: str,
    epsilon: float,
    step: float,
    num_steps: int,
    random_start: bool = True,
    low: float = 0.0,
    high: float = 255.0,
) -> Tensor:
    """Projected gradient descent (PGD): ``num_steps`` steps that raise the loss, projected to the ball each time.

    With ``norm='linf'`` a step moves each pixel by ``step`` along the sign of
    the gradient; with ``'l2'`` each image by a vector of length ``step`` along
    its gradient. ``epsilon`` bounds a pixel's change or an image's l2 length of
    change. A random start is uniform in that ball. For the other arguments,
    the result and the errors see :func:`signed_gradient_step`.

    Example:
        >>> images = torch.full((1, 1, 1, 2), 9.0)
        >>> def loss_of(images):
        ...     return (images * torch.tensor([2.0, -3.0])).sum()
        >>> perturb(images, loss_of, 'linf', epsilon=2, step=1, num_steps=3, random_start=False)
        tensor([[[[11.,  7.]]]])
    """
    check_attack(norm, epsilon, step, num_steps)
    check_pixels(images, low, high)
    clean, limits = images.detach(), (low, high)
    moved = clean
    if random_start:
        moved = _move(clean, _random_direction(clean, norm, epsilon), clean, norm, epsilon, limits)
    for _ in range(num_steps):
        gradient = _finite_or_zero(_ascent_gradient(moved, loss_of))
        direction = step * (gradient.sign() if norm == 'linf' else _unit_length(gradient))
        moved = _move(moved, direction, clean, norm, epsilon, limits)
    return moved
