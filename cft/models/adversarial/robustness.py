"""At which strength of attack an image is no longer classified right."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from .attacks import perturb
from .input_checks import check_attack, check_pixels

LogitsOf = Callable[[Tensor], Tensor]


@torch.no_grad()
def least_fooling_epsilon(
    logits_of: LogitsOf,
    images: Tensor,
    labels: Tensor,
    norm: str,
    epsilons: Sequence[float],
    num_steps: int = 20,
    restarts: int = 1,
    wrong: Tensor | None = None,
) -> Tensor:
    """The least of some strengths at which projected gradient descent finds an image that is classified wrong.

    For each strength in turn PGD raises the cross-entropy, ``restarts`` times
    from a random point of the ball, in steps of ``2.5 * epsilon / num_steps``.
    Predictions so confident that its gradient underflows are attacked alike.
    An image counts as fooled if the last point of one of them is classified
    wrong. What fools within a ball fools within every larger one, so fooled
    images are not attacked again, and the share that is right falls with
    epsilon.

    Args:
        logits_of: (N, K) logits of such images, in eval mode; normalises them itself.
        images: (N, C, H, W) floating pixel values 0 to 255.
        labels: (N,) integers.
        norm: ``'linf'`` or ``'l2'``.
        epsilons: Radii in pixel values, ascending and positive.
        num_steps: Of each attack.
        restarts: Attacks at each strength.
        wrong: (N,) images that count as fooled without an attack; None: those that are classified wrong.

    Returns:
        (N,) of 0 for an image that is wrong as it is, infinity for one that no attack fools.

    Raises:
        ConfigError: If a setting or the images are out of range.

    Example:
        >>> images, labels = torch.full((2, 1, 1, 1), 100.0), torch.tensor([0, 1])
        >>> def logits_of(x):
        ...     return torch.cat([x.flatten(1), x.flatten(1) * 0 + 90], dim=1)
        >>> least_fooling_epsilon(logits_of, images, labels, 'linf', [8, 16, 32])
        tensor([16.,  0.])
    """
    for epsilon in epsilons:
        check_attack(norm, epsilon, epsilon, num_steps)
    check_pixels(images, 0, 255)
    least = torch.full((len(images),), torch.inf, device=images.device)
    least[_wrong(logits_of, images, labels) if wrong is None else wrong] = 0
    for epsilon in epsilons:
        for _ in range(restarts):
            left = least.isinf().nonzero()[:, 0]
            if not len(left):
                return least
            targets = labels[left]
            loss_of = partial(_doubt, logits_of, targets)
            moved = perturb(images[left], loss_of, norm, epsilon, 2.5 * epsilon / num_steps, num_steps)
            least[left[_wrong(logits_of, moved, targets)]] = epsilon
    return least


@torch.no_grad()
def random_corners(
    logits_of: LogitsOf, images: Tensor, labels: Tensor, norm: str, epsilon: float, draws: int = 20
) -> Tensor:
    """Which images noise alone fools: the simplest attack that sees no gradient.

    Each draw moves every pixel by the same amount up or down, as far as the
    ball allows. Where it fools an image that PGD of the same strength does not,
    the gradients lead PGD astray (gradient masking; Athalye et al. 2018).

    Args:
        logits_of: As of :func:`least_fooling_epsilon`, as all but the last.
        images: See there.
        labels: See there.
        norm: See there.
        epsilon: Radius in pixel values.
        draws: Of each image.

    Returns:
        (N,) whether one of the draws is classified wrong.

    Example:
        >>> random_corners(lambda x: torch.eye(2), torch.zeros(2, 1, 1, 1), torch.tensor([0, 0]), 'linf', 4)
        tensor([False,  True])
    """
    check_attack(norm, epsilon, epsilon, 1)
    check_pixels(images, 0, 255)
    size = epsilon if norm == 'linf' else epsilon / images[0].numel() ** 0.5 if len(images) else 0.0
    fooled = torch.zeros(len(images), dtype=torch.bool, device=images.device)
    for _ in range(draws):
        signs = torch.randint_like(images, 2) * 2 - 1
        fooled |= _wrong(logits_of, (images + size * signs).clamp(0, 255), labels)
    return fooled


def _doubt(logits_of: LogitsOf, labels: Tensor, images: Tensor) -> Tensor:
    """Its gradient has the direction of the cross-entropy's in each image, and no confidence lets it vanish."""
    # d log(1 + e^m) = sigmoid(m) dm with m = logsumexp of the other classes - logit of the own one.
    logits = logits_of(images)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    own = F.one_hot(labels, logits.shape[1]).bool()
    return (logits.masked_fill(own, -torch.inf).logsumexp(dim=1) - logits[own]).sum()


def _wrong(logits_of: LogitsOf, images: Tensor, labels: Tensor) -> Tensor:
    return logits_of(images).argmax(dim=1) != labels
