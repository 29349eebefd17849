"""Attacks of the adversarial-robustness-toolbox, on one batch."""

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cft.errors import ConfigError

# In the order in which they are run; the later ones see what has stood the earlier ones.
PARTS = ('apgd_ce', 'apgd_dlr', 'square')
# As in AutoAttack (Croce and Hein 2020).
ITERATIONS = 100
TOLD = (
    'robust/autoattack is what stands APGD-CE, APGD-DLR (both untargeted, 100 steps) and Square ({queries:,} queries) '
    'of the adversarial-robustness-toolbox, one run of each; the standard AutoAttack has targeted APGD-DLR and FAB '
    'besides, so its accuracy may be lower'
)


def require_toolbox() -> None:
    """Check that the package is there.

    Raises:
        ConfigError: If it is not.
    """
    try:
        import art.attacks.evasion  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "autoattack=true needs the adversarial-robustness-toolbox: pip install 'cft-contrastive-tuning[robust]'"
        ) from error


def toolbox_attacks(
    model: nn.Module,
    logits_from: Callable[[nn.Module], Callable[[Tensor], Tensor]],
    images: Tensor,
    labels: Tensor,
    norm: str,
    epsilon: float,
    right: Tensor,
    queries: int = 5000,
) -> dict[str, Tensor]:
    """Which images each part fools.

    What the package returns is projected to the ball and the range once more
    and classified here.

    Args:
        model: Left as it is; a copy is attacked.
        logits_from: From a model to a function from (N, C, H, W) pixel values to (N, K) logits.
        images: (N, C, H, W) pixel values 0 to 255.
        labels: (N,) integers.
        norm: ``'linf'`` or ``'l2'``.
        epsilon: Radius in pixel values.
        right: (N,) images that are attacked.
        queries: Of Square.

    Returns:
        For each of :data:`PARTS` (N,) whether it fools an image that none before it has.

    Example:
        >>> toolbox_attacks(model, logits_from, images, labels, 'linf', 4, right)['square'].sum()  # doctest: +SKIP
        tensor(0)
    """
    logits_of = logits_from(copy.deepcopy(model).requires_grad_(False))
    left = right.clone()
    found = {}
    for part in PARTS:
        found[part] = torch.zeros_like(right)
        index = left.nonzero()[:, 0]
        if len(index):
            with _quiet(), torch.enable_grad():
                moved = _attack(part, logits_of, images[index], labels[index], norm, epsilon, queries)
            change = moved - images[index]
            change = change.clamp(-epsilon, epsilon) if norm == 'linf' else torch.renorm(change, 2, 0, epsilon)
            wrong = logits_of((images[index] + change).clamp(0, 255)).argmax(dim=1) != labels[index]
            found[part][index[wrong]] = True
            left[index[wrong]] = False
    return found


class _Pixels(nn.Module):
    """What the package takes for a network."""

    def __init__(self, logits_of: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.logits_of = logits_of

    def forward(self, images: Tensor) -> Tensor:
        return self.logits_of(images).float()


def _attack(
    part: str,
    logits_of: Callable[[Tensor], Tensor],
    images: Tensor,
    labels: Tensor,
    norm: str,
    epsilon: float,
    queries: int,
) -> Tensor:
    from art.attacks.evasion import AutoProjectedGradientDescent, SquareAttack
    from art.estimators.classification import PyTorchClassifier

    classes = logits_of(images[:1]).shape[1]
    if part == 'apgd_dlr' and classes < 3:
        # Its loss compares three logits.
        return images
    device = images.device.type
    estimator: Any = PyTorchClassifier(
        _Pixels(logits_of), nn.CrossEntropyLoss(), tuple(images.shape[1:]), classes, clip_values=(0.0, 255.0),
        device_type='gpu' if device == 'cuda' else device,
    )  # fmt: skip
    ball = {'norm': np.inf if norm == 'linf' else 2, 'eps': float(epsilon), 'batch_size': len(images), 'verbose': False}
    if part == 'square':
        attack: Any = SquareAttack(estimator, max_iter=queries, nb_restarts=1, **ball)
    else:
        loss = {'apgd_ce': 'cross_entropy', 'apgd_dlr': 'difference_logits_ratio'}[part]
        attack = AutoProjectedGradientDescent(
            estimator, eps_step=2 * float(epsilon), max_iter=ITERATIONS, nb_random_init=1, loss_type=loss, **ball
        )
    moved = attack.generate(images.cpu().numpy().astype(np.float32), labels.cpu().numpy())
    return torch.from_numpy(moved).to(images)


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
